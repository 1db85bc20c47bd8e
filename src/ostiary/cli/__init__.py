"""The command line: verbs first, stdout is data, stderr is talk. Heavy imports happen inside commands."""
