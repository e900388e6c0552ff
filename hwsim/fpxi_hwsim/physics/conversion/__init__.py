"""From X-ray photons to charge: absorption, its statistics, collection, light, and their spread."""
