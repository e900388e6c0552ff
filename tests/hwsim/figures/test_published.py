"""The presets have their papers' figures, measured on frames by the textbook's estimators."""

import figures_array
import figures_camera
import figures_cmos32
import figures_pixel
import figures_tft64
import pytest
from figures_table import Row

FIGURES = [
    figure
    for paper in (figures_tft64, figures_cmos32, figures_camera, figures_pixel, figures_array)
    for figure in paper.FIGURES
    if figure.quick
]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_published_figure_comes_out_of_frames(figure: Row):
    obtained = figure.measure()
    assert figure.agrees(obtained), (
        f"{obtained:.5g} {figure.unit}, published {figure.published:.5g}"
    )
