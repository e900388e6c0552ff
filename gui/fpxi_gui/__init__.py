"""Live viewer: PySide6 and pyqtgraph over an fpxi session; nothing of Qt is imported here."""
