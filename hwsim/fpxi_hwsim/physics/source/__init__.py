"""X-ray tubes: spectrum and dose rate, output over time, shading over the detector."""
