"""Findings in the words of other programs: SARIF for code scanning, JUnit for CI servers, Markdown for a pull request."""
