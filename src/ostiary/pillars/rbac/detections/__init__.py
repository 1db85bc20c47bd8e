"""What is wrong, one idea a module; ``check`` puts them together."""
