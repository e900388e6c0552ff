"""The panels that can be opened: a list, a search, and what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
)

from fpxi_gui.layout import Card, label, row
from fpxi_gui.search_control import SearchControl
from fpxi_gui.state import ListedPanel, PanelList
from fpxi_gui.theme import ACCENT, DIM

_URL = Qt.ItemDataRole.UserRole
_MOST_ROWS = 6
_STEPS = 1000


class SearchPanel(Card):
    """`chosen` carries the URL of the panel that the user wants to open."""

    chosen = Signal(str)

    def __init__(self, control: SearchControl) -> None:
        super().__init__("Panels")
        self._shown: PanelList | None = None
        self._entries: tuple[ListedPanel, ...] = ()
        self.list = _make_list()
        self.search, self.connect_to = QPushButton("Search"), QPushButton("Connect")
        self.search.setToolTip("Search for Bluetooth panels; takes a few seconds")
        self.connect_to.setToolTip("Leave the panel at hand and open the selected one")
        self.progress = QProgressBar()
        self.progress.setRange(0, _STEPS)
        self.progress.setTextVisible(False)
        self.notice = label("", "dim", wrap=True)
        for part in (self.list, self.progress, self.notice):
            self.body.addWidget(part)
        self.body.addLayout(row(self.search, self.connect_to))
        self.search.clicked.connect(control.begin)
        self.connect_to.clicked.connect(self._choose)
        self.list.itemDoubleClicked.connect(self._choose)
        self.list.itemSelectionChanged.connect(self._offer)
        self.progress.hide()
        self.notice.hide()
        self._offer()

    def show_panels(self, panels: PanelList) -> None:
        """Show what is there."""
        if panels == self._shown:
            return
        self._shown = panels
        if panels.entries != self._entries:
            self._fill(panels.entries)
        self.search.setEnabled(not panels.searching)
        self.progress.setVisible(panels.searching)
        self.progress.setValue(round(_STEPS * panels.fraction))
        text = panels.progress or panels.notice
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def select(self, url: str) -> None:
        """Select a panel of the list."""
        for place in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(place)
            if item is not None and item.data(0, _URL) == url:
                self.list.setCurrentItem(item)

    def texts(self) -> list[tuple[str, str]]:
        """Return what the list says, a pair for each row."""
        items = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        return [(item.text(0), item.text(1)) for item in items if item is not None]

    def _selected(self) -> str | None:
        """Return the URL that is selected, unless it is open already."""
        selected = {item.data(0, _URL) for item in self.list.selectedItems()}
        urls = [e.url for e in self._entries if e.can_open and e.url in selected]
        return urls[0] if urls else None

    def _offer(self) -> None:
        self.connect_to.setEnabled(self._selected() is not None)

    def _choose(self) -> None:
        url = self._selected()
        if url is not None:
            self.chosen.emit(url)

    def _fill(self, entries: tuple[ListedPanel, ...]) -> None:
        """Write the rows anew; what was selected stays so."""
        selected = [str(item.data(0, _URL)) for item in self.list.selectedItems()]
        self._entries = entries
        self.list.clear()
        self.list.addTopLevelItems([_item(entry) for entry in entries])
        rows = min(max(len(entries), 1), _MOST_ROWS)
        self.list.setFixedHeight(rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth())
        for url in selected:
            self.select(url)
        self._offer()


def _make_list() -> QTreeWidget:
    made = QTreeWidget()
    made.setColumnCount(2)
    made.setHeaderHidden(True)
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setAccessibleName("Panels")
    header = made.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return made


def _item(entry: ListedPanel) -> QTreeWidgetItem:
    made = QTreeWidgetItem([entry.title, entry.facts])
    made.setData(0, _URL, entry.url)
    if entry.current:
        made.setForeground(0, QColor(ACCENT))
    made.setForeground(1, QColor(DIM))
    made.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    for column in (0, 1):
        made.setToolTip(column, entry.detail or entry.url)
    return made
