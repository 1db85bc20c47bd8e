"""Decisions, one package a pillar; each is blind to the others."""
