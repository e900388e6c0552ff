"""Live viewer."""
