"""A published figure through the whole device: firmware, line, host, and the API's frames."""

import fpxi
import numpy as np
import pytest
import textbook as tb

DOSE_RATES = (70e-9, 700e-9, 1.4e-6, 2.726e-6)
BIAS_MV = -3275
EXPOSURE_US = 100_000
FRAMES = 8
WIDEST = 7
FULL_SCALE_FC = 9600


def mean_frame(panel: fpxi.Session) -> np.ndarray:
    with panel.frames(FRAMES) as frames:
        panel.start(FRAMES, reliable=True)
        return np.mean([frame.samples for frame in frames], axis=0)


def test_sensitivity_of_frames_captured_by_the_host():
    url = "sim:tft64-ba2ma9pb10i31?time=virtual&object=none"
    with fpxi.open(url) as panel:
        panel.set("bias_mV", BIAS_MV)
        panel.set("exposure_us", EXPOSURE_US)
        panel.set("gain_setting", WIDEST)
        panel.scene.beam_on = False
        dark = mean_frame(panel)
        panel.scene.beam_on = True
        signals = []
        for dose_rate in DOSE_RATES:
            panel.scene.dose_rate = dose_rate
            signals.append(mean_frame(panel) - dark)
    good = np.abs(signals[-1] / np.median(signals[-1]) - 1) < 0.5
    counts = np.array([signal[good].mean() for signal in signals])
    currents_pA = tb.current_pA(
        counts, fC_per_count=FULL_SCALE_FC / 65535, integration_s=EXPOSURE_US * 1e-6
    )
    slope = tb.sensitivity_uC_Gy_cm2(DOSE_RATES, currents_pA, 0.02**2).slope
    assert slope == pytest.approx(13700, rel=0.02)
