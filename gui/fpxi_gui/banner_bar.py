"""The bar above the image for conditions that last."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from fpxi_gui.layout import label
from fpxi_gui.state import Banner
from fpxi_gui.theme import BANNER_BACKGROUNDS, LEVEL_COLOURS


class BannerBar(QFrame):
    """Shown while there is a condition, else gone."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._shown: Banner | None = None
        self._title, self._text = label(""), label("", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 8)
        layout.setSpacing(2)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        self.hide()

    @property
    def banner(self) -> Banner | None:
        """The condition shown."""
        return self._shown

    def show_banner(self, banner: Banner | None) -> None:
        """Show a condition; None: all is well."""
        if banner == self._shown:
            return
        self._shown = banner
        self.setVisible(banner is not None)
        if banner is None:
            return
        colour = LEVEL_COLOURS[banner.level]
        self.setStyleSheet(
            f"QFrame#banner {{ background: {BANNER_BACKGROUNDS[banner.level]};"
            f" border-left: 4px solid {colour}; }}"
        )
        self._title.setStyleSheet("font-weight: 600;")
        self._title.setText(banner.title)
        self._text.setText(banner.text)
        self._text.setVisible(bool(banner.text))


class BannerStack(QWidget):
    """One bar for each condition, the first on top."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: list[BannerBar] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)

    def show_banners(self, banners: tuple[Banner, ...]) -> None:
        """Show these conditions and no others."""
        while len(self.bars) < len(banners):
            self.bars.append(BannerBar())
            self._layout.addWidget(self.bars[-1])
        for place, bar in enumerate(self.bars):
            bar.show_banner(banners[place] if place < len(banners) else None)
