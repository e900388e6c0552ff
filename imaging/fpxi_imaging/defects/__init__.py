"""Which pixels are defective, and why."""
