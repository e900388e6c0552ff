"""The gallery as one HTML page that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from fpxi.gallery.drawing import NO_VALUE, PERCENTILES, Drawn

if TYPE_CHECKING:
    from fpxi_hwsim.presets import Preset

STYLE = """
:root { color-scheme: light dark;
  --ink: #202226; --dim: #6b6f76; --ground: #fafaf8; --line: #dcdcd6 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e2; --dim: #9a9ea6; --ground: #17181b; --line: #33353a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 1500px; margin: 2rem auto; padding: 0 1.5rem }
h1, h2 { font-weight: 600; line-height: 1.2 }
h2 { margin: 2.5rem 0 .2rem }
p { margin: .2rem 0 1rem; color: var(--dim); max-width: 60rem }
nav a { margin-right: 1rem; color: inherit }
.pictures { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)) }
figure { margin: 0; border-top: 1px solid var(--line); padding-top: .6rem }
figure img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated }
figcaption { font-size: 12px; color: var(--dim); overflow-wrap: anywhere }
figcaption b { display: block; font-size: 14px; color: var(--ink) }
code { font-size: 11px }
"""


def page(presets: Sequence[Preset], drawn: Sequence[Drawn]) -> str:
    """Return the page: a section for each panel, a figure for each picture."""
    described = {preset.name: preset for preset in presets}
    groups = {name: list(of) for name, of in groupby(drawn, lambda each: each.picture.preset)}
    links = " ".join(f'<a href="#{name}">{name}</a>' for name in groups)
    sections = "\n".join(_section(described[name], of) for name, of in groups.items())
    low, high = PERCENTILES
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>fpxi: simulated pictures</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>
<h1>Every object on every simulated panel</h1>
<p>Each picture is made of frames that a simulated panel sent after power-on, corrected as those of
a real one. Grey runs from the {low:g} to the {high:g} percentile of the good pixels;
<span style="color: rgb{NO_VALUE}">red</span> pixels have no value. Doses are air kerma at the panel
without the object. The address under a picture gives the same frames again.</p>
<nav>{links}</nav>
{sections}
</body></html>
"""


def _section(preset: Preset, drawn: Sequence[Drawn]) -> str:
    geometry, settings = preset.geometry, drawn[0].picture.settings
    bias = "its own" if preset.own_supply else f"{settings['bias_mV'] / 1000:g} V"
    facts = (
        f"{geometry.rows} x {geometry.columns} pixels of {geometry.pitch_um:g} µm",
        f"exposure {settings['exposure_us'] / 1000:g} ms",
        f"range {drawn[0].picture.range}",
        f"bias {bias}",
        f"{preset.beam.dose_rate_Gy_s * 1e6:.4g} µGy/s",
    )
    figures = "\n".join(_figure(each) for each in drawn)
    return f"""<h2 id="{preset.name}">{preset.name}</h2>
<p>{escape(preset.title)}<br>{escape(", ".join(facts))}</p>
<div class="pictures">
{figures}
</div>"""


def _figure(drawn: Drawn) -> str:
    picture = drawn.picture
    name = escape(picture.object)
    return f"""<figure><img alt="{name} on {picture.preset}" src="{drawn.data_url}">
<figcaption><b>{name}</b>{escape(picture.how)}; {picture.dose_Gy * 1e6:.3g} µGy;
grey {drawn.low:.5g} to {drawn.high:.5g} counts<br>
<code>{escape(picture.url)}</code></figcaption></figure>"""
