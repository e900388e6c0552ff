"""Simulated panels: pixel physics behind the real firmware core."""
