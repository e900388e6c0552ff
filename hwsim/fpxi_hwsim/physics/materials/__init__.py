"""How materials attenuate X-rays, by name or by `formula:density`."""
