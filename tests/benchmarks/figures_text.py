"""The words around the table of published figures."""

HEADING = """\
# The simulated panels of the papers

Each of these panels opens as `sim:<name>`. Its parameters are set so that the figures that its
paper reports come out of its frames. The tables hold, for each, the published figure and the one
obtained from simulated frames: by mean, standard deviation, slope and transform, from counts, with
the settings of the measurement and no knowledge of the simulator. All of it is measured again by

    python tests/benchmarks/published_figures.py --write docs/presets.md

which needs one or two minutes; the tests measure nearly all of it, too. Where a figure is marked
"fit" in a preset's file, the paper gives none, and the preset has the one with which the others
come out. What does not fit together, or with physics, is
[below](#where-published-figures-do-not-fit-together).
"""

PICTURE = """\
Letters C, A, E, P in steel, at 0.5, 2, 18.5 and 50 µGy, flat-field corrected:

![The letters at four doses](images/presets-letters.png)

The outline is legible at 18.5 µGy and clear at 50 µGy, as published; but what limits the published
picture is not in the published figures. With the published sensitivity and fluence, a pixel sees
46000 photons and collects 100 pC at 18.5 µGy, which is noise of half a per cent: the letters are
legible at a fortieth of that dose.
"""

DISAGREEMENTS = """\
## Where published figures do not fit together

- **Photons for each gray (A).** 6.22e12 photons/cm²/Gy is 2.6 times what a tungsten spectrum of
  this tube and filter has: 2.24e12 with the published filters (mean 40.7 keV), 2.38e12 with 0.2
  mm of copper more, which the preset has because the mean energy is then the published 42 keV.
  One gray of air kerma takes as many photons as the air's absorption says. The presets of (A)
  take the published number; all others their spectrum's own.
- **More than 100 % detection efficiency (A).** Absorption and collection are at most 1 each: what
  is above is photoconductive gain. The published ratios at 0, -100 and -300 V/cm come out with
  the published mobility-lifetime product and built-in voltage if the film is 327.5 µm thick,
  loses charge at its surface (s/µ = 16.9 V/cm) and has a gain of 7.4 in every field. With the
  fluence of the spectrum, the gain would be 19.
- **Detection efficiency 67.2 % (A)** of a sensitivity of "~6000" and S0 = 9070.8 is 66.1 %; 151.5
  % of 13700 is 151.0 %: rounded sensitivities.
- **MTF 0.2 at 0.72 lp/pixel (A)** lies beyond the Nyquist limit of 0.5: it is the presampled
  transfer, of pixel and spread before sampling. The pixel's own width leaves 0.34 there.
- **Noise at 0 V/cm (A).** Without bias no dark current flows whose fluctuation could limit
  detection to 40.1 nGy/s: the preset gives that noise to the amplifier (47000 electrons a
  sample).
- **Detection limits (A)** depend on the sampling interval and the length of the record, which are
  not given: here 20 samples of 1 s. 20.9 nGy/s are 52 photons a pixel in a second.
- **Area of the array of 7 x 11 (B)** is not given. 3.5 lp/mm at MTF 0.2 needs pixels of 236 µm or
  less: the preset has 200 µm.
- **Resolutions in a caption (C).** The caption of the figure gives 15.0 lp/mm to the glass
  without europium and 4.1 to that with it; text and abstract say the reverse, and the presets
  follow them.
- **Resolution and super-linear light (C).** A screen that gives more light for each photon in a
  strong beam sharpens an edge: 15.0 lp/mm are measured with a spread that alone would give 14.65.
- **Light yield (C)** counts the whole glass as absorber. It is measured against CsI:Tl, whose 54000
  photons/MeV are assumed; the paper measures against LuAG:Ce.
- **Target of gold (D).** No model of gold targets reaches 70 kV: tungsten stands in.
- **Intrinsic sensitivity 474 µC/Gy/cm² (D)** needs a soft beam. At 70 kV behind 0.127 mm Be it
  comes out with 0.32 mm Al; with 2 mm Al, the same crystal would give three times as much.
- **Dark current (D)** of -14 and 166 nA belongs to a crystal of unknown area; the preset spreads
  it over the die's 1024 pixels.
- **106 dB (D)** is the range from 0.165 to 32920 µGy/s. In the preset, the lower end is where the
  mean of 26 frames of 20 ms has a signal of three times its standard error (12 photons a pixel at
  0.165 µGy/s), the upper where recombination bends the line by 5 %.
- **Noise and detection limit (E).** 1e-10 A/√Hz and 1.5 nGy/s at a signal of three times the
  noise fit together at 0.56 cm² only: in the collimator's opening of 2 mm (0.031 cm²), 1.5 nGy/s
  make 33 pA.
- **8e5 and 7.1e5 µC/Gy/cm² (E)**, at 20.3 µGy/s and as a slope: a straight line through the
  origin has one. The preset has 7.1e5.
"""

CITATIONS = """\
## Papers

- (A) S. Dong et al., "Bottom-up construction of low-dimensional perovskite thick films for
  high-performance X-ray detection and imaging", Light: Science & Applications (2024),
  doi:10.1038/s41377-024-01521-2: the three presets `tft64-ba2ma9pb10i31...`.
- (B) S. Tie et al., "Halide perovskites for sensitive, stable and scalable X-ray detection and
  imaging", Chemical Communications 59, 5016 (2023), doi:10.1039/d3cc00969f, on the array of
  others: `array-7x11`.
- (C) W. Ma et al., "Highly resolved and robust dynamic X-ray imaging using perovskite
  glass-ceramic scintillator with reduced light scattering", Advanced Science (2021),
  doi:10.1002/advs.202003728: `csi-tl`, `cspbbr3-eu-glass`, `cspbbr3-glass`,
  `cspbbr3-nanocrystals`.
- (D) J. Pang et al., "Reconfigurable perovskite X-ray detector for intelligent imaging", Nature
  Communications (2024), doi:10.1038/s41467-024-46184-0: `cmos32-cspbbr3`,
  `cmos32-cspbbr3-unpassivated`.
- (E) Y. Song et al., "Atomistic surface passivation of CH3NH3PbI3 perovskite single crystals for
  highly sensitive coplanar-structure X-ray detectors", Research (2020),
  doi:10.34133/2020/5958243: `pixel-mapbi3`, `pixel-mapbi3-untreated`.
"""
