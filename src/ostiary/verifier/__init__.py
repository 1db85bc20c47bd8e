"""Re-checks certificates. Standard library only; shares no code with what made the proof."""
