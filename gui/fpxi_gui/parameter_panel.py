"""Every parameter of the device, built from the dictionary that the device serves."""

from __future__ import annotations

from collections.abc import Callable

from fpxi_readout.protocol.dictionary import Dictionary, ParameterInfo
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from fpxi_gui.layout import label, restyle
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.parameter_groups import Group, in_groups
from fpxi_gui.parameter_text import (
    choices,
    explanation,
    parameter_title,
    reading_text,
    unit_text,
)
from fpxi_gui.state import Parameters, ParameterValue

_SET_ELSEWHERE = {"delivery"}
"""The tool bar chooses it, and every start sets it."""

SetParameter = Callable[[str, int], None]


class Heading(QToolButton):
    """The name of a group of settings; a click shows or hides them."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.setObjectName("heading")
        self.setText(group.title)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCheckable(True)
        self._members: list[QWidget] = []
        self.toggled.connect(self._show_members)
        self.setChecked(group.open)
        self._show_members(group.open)

    def add(self, *members: QWidget) -> None:
        """Take widgets, laid out already, that are shown and hidden with the group."""
        self._members += members
        for member in members:
            member.setVisible(self.isChecked())

    def _show_members(self, shown: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for member in self._members:
            member.setVisible(shown)


class SettingsForm(QWidget):
    """A row for each parameter that can be set: title, editor, unit; under headings.

    A group that is closed at first opens if the device has other than default values in it.
    """

    def __init__(self, dictionary: Dictionary, set_parameter: SetParameter) -> None:
        super().__init__()
        self._set_parameter = set_parameter
        self._infos = {
            info.name: info
            for info in _by_id(dictionary)
            if info.access != "ro" and info.name not in _SET_ELSEWHERE
        }
        self._editors: dict[str, NumberField | ChoiceField] = {}
        self._shown: dict[str, ParameterValue] = {}
        self._headings: dict[str, Heading] = {}
        grid = _grid(self)
        for group, members in in_groups(self._infos.values()):
            heading = Heading(group)
            grid.addWidget(heading, grid.rowCount(), 0, 1, 3)
            for info in members:
                self._headings[info.name] = heading
                self._editors[info.name] = self._editor(info, dictionary)
                self._add_row(grid, info, self._editors[info.name])
        self._unseen = set(self._infos)

    def show_parameters(self, parameters: Parameters) -> None:
        """Show values, what is on its way, what was refused, and what cannot be set now."""
        for name, editor in self._editors.items():
            stopped = not parameters.acquiring or self._infos[name].access != "idle"
            editor.setEnabled(parameters.connected and parameters.settable and stopped)
            self._show(name, editor, parameters.values[name])

    def editor(self, name: str) -> NumberField | ChoiceField:
        """Return the editor of a parameter."""
        return self._editors[name]

    def heading(self, name: str) -> Heading:
        """Return the heading above a parameter."""
        return self._headings[name]

    def _show(self, name: str, editor: NumberField | ChoiceField, state: ParameterValue) -> None:
        if state == self._shown.get(name):
            return
        self._shown[name] = state
        if state.value is not None and not state.pending:
            editor.show_value(state.value)
            self._unfold(name, state.value)
        editor.setProperty("pending", state.pending)
        editor.setProperty("refused", bool(state.refusal))
        restyle(editor)

    def _unfold(self, name: str, value: int) -> None:
        """Open the group of a parameter whose first value is not the default."""
        if name in self._unseen:
            self._unseen.discard(name)
            if value != self._infos[name].default:
                self._headings[name].setChecked(True)

    def _change(self, name: str, value: int) -> None:
        """Ask for a change; whatever comes of it is then shown, even the value from before."""
        self._shown.pop(name, None)
        self._set_parameter(name, value)

    def _editor(self, info: ParameterInfo, dictionary: Dictionary) -> NumberField | ChoiceField:
        named = choices(info, dictionary)
        if named:
            choice = ChoiceField(named)
            choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            choice.chosen.connect(lambda value: self._change(info.name, value))
            return choice
        number = NumberField(info.minimum, info.maximum)
        number.entered.connect(lambda value: self._change(info.name, round(value)))
        return number

    def _add_row(self, grid: QGridLayout, info: ParameterInfo, editor: QWidget) -> None:
        place, heading = grid.rowCount(), self._headings[info.name]
        title = label(parameter_title(info))
        title.setToolTip(explanation(info))
        editor.setToolTip(explanation(info))
        editor.setAccessibleName(parameter_title(info))
        grid.addWidget(title, place, 0)
        unit = unit_text(info)
        grid.addWidget(editor, place, 1, 1, 1 if unit else 2)
        heading.add(title, editor)
        if unit:
            shown_unit = label(unit, "dim")
            grid.addWidget(shown_unit, place, 2)
            heading.add(shown_unit)


class ReadingsForm(QWidget):
    """A row for each parameter that the device alone changes: title, value with unit."""

    def __init__(self, dictionary: Dictionary) -> None:
        super().__init__()
        self._dictionary = dictionary
        self._values: dict[str, QLabel] = {}
        grid = _grid(self)
        readings = [info for info in _by_id(dictionary) if info.access == "ro"]
        for place, info in enumerate(readings):
            title, value = label(parameter_title(info), "dim"), label("")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            title.setToolTip(explanation(info))
            value.setToolTip(explanation(info))
            grid.addWidget(title, place, 0)
            grid.addWidget(value, place, 1)
            self._values[info.name] = value

    def show_parameters(self, parameters: Parameters) -> None:
        """Show the newest values, in grey where no device keeps them fresh."""
        self.setEnabled(parameters.connected and parameters.settable)
        for name, shown in self._values.items():
            value = parameters.values[name].value
            info = self._dictionary.parameters[name]
            shown.setText("" if value is None else reading_text(info, self._dictionary, value))

    def text(self, name: str) -> str:
        """Return what is shown for a parameter."""
        return self._values[name].text()


def _by_id(dictionary: Dictionary) -> list[ParameterInfo]:
    """Return the parameters in the order in which the protocol numbers them."""
    return sorted(dictionary.parameters.values(), key=lambda info: info.id)


def _grid(owner: QWidget) -> QGridLayout:
    grid = QGridLayout(owner)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    return grid
