"""Sans-IO wire protocol, links and the panel client."""
