"""The interfaces that D-Bus itself defines, answered for every object of the tree."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from dbus_fast import Message, SignatureTree, SignatureType, Variant

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.names import INTROSPECTABLE, OBJECT_MANAGER, PROPERTIES, ROOT_PATH
from fpxi_hwsim.bluetooth.bluez.objects import Handler, Interface, Method, ObjectTree, Reply


class StandardInterfaces:
    """ObjectManager, Properties and Introspectable (D-Bus specification, "Standard Interfaces")."""

    def __init__(self, tree: ObjectTree) -> None:
        self._tree = tree
        self._methods = {
            (OBJECT_MANAGER, "GetManagedObjects"): Method(self._managed, "", "a{oa{sa{sv}}}"),
            (PROPERTIES, "Get"): Method(self._get, "ss", "v"),
            (PROPERTIES, "GetAll"): Method(self._get_all, "s", "a{sv}"),
            (PROPERTIES, "Set"): Method(self._set, "ssv", ""),
            (INTROSPECTABLE, "Introspect"): Method(self._introspect, "", "s"),
        }

    def find(self, message: Message) -> Handler:
        """Find the method that a message calls, of these interfaces or the object's own.

        Raises
        ------
        AnsweredError
            There is no such object or method.

        """
        path = message.path or ""
        interfaces = self._tree.at(path)
        between = bool(self._tree.children(path))
        if not interfaces and not between and path != ROOT_PATH:
            raise errors.unknown_object(path)
        method = self._standard(message, is_object=bool(interfaces)) or _own(message, interfaces)
        if method is None or method.takes != message.signature:
            raise errors.unknown_method(message.member or "", message.signature, message.interface)
        return method.handler

    def _standard(self, message: Message, *, is_object: bool) -> Method | None:
        if message.interface == OBJECT_MANAGER and message.path != ROOT_PATH:
            return None
        if message.interface == PROPERTIES and not is_object:
            return None
        for (interface, member), method in self._methods.items():
            if member == message.member and message.interface in {interface, None}:
                return method
        return None

    async def _managed(self, _message: Message) -> Reply:
        return Reply("a{oa{sa{sv}}}", [self._tree.managed()])

    async def _get(self, message: Message) -> Reply:
        interface, name = self._interface(message), message.body[1]
        if name not in interface.properties:
            raise errors.dbus_invalid_args(f"No such property '{name}'")
        return Reply("v", [interface.properties[name]])

    async def _get_all(self, message: Message) -> Reply:
        return Reply("a{sv}", [self._interface(message).properties])

    async def _set(self, message: Message) -> Reply:
        interface, name, value = self._interface(message), message.body[1], message.body[2]
        old = interface.properties.get(name)
        if old is None:
            raise errors.unknown_property(name)
        if name not in interface.writable:
            raise errors.read_only(name)
        assert isinstance(value, Variant)
        if value.signature != old.signature:
            raise errors.dbus_invalid_args(f"Property '{name}' has type '{old.signature}'")
        interface.writable[name](value)
        return Reply()

    def _interface(self, message: Message) -> Interface:
        name = message.body[0]
        interface = self._tree.at(message.path or "").get(name)
        if interface is None:
            raise errors.dbus_invalid_args(f"No such interface '{name}'")
        return interface

    async def _introspect(self, message: Message) -> Reply:
        path = message.path or ""
        lines = ["<node>"]
        for interface in self._tree.at(path).values():
            lines += _described(interface)
        lines += [f"  <node name={quoteattr(name)}/>" for name in self._tree.children(path)]
        return Reply("s", ["\n".join([*lines, "</node>"])])


def _own(message: Message, interfaces: dict[str, Interface]) -> Method | None:
    """Find a method of the object's own interfaces; the caller may leave the interface open."""
    for name, interface in interfaces.items():
        if message.interface in {name, None} and message.member in interface.methods:
            return interface.methods[message.member]
    return None


def _described(interface: Interface) -> list[str]:
    """Introspection data of an interface, a line for each of its parts."""
    lines = [f"  <interface name={quoteattr(interface.name)}>"]
    for name, method in interface.methods.items():
        ways = (("in", method.takes), ("out", method.returns))
        arguments = [
            f'      <arg type={quoteattr(kind)} direction="{way}"/>'
            for way, signature in ways
            for kind in _single_types(signature)
        ]
        lines += [f"    <method name={quoteattr(name)}>", *arguments, "    </method>"]
    for name, value in interface.properties.items():
        access = "readwrite" if name in interface.writable else "read"
        lines.append(
            f"    <property name={quoteattr(name)} type={quoteattr(value.signature)} "
            f'access="{access}"/>'
        )
    return [*lines, "  </interface>"]


def _single_types(signature: str) -> list[str]:
    return [kind.signature for kind in _tree_of(signature)] if signature else []


def _tree_of(signature: str) -> list[SignatureType]:
    return list(SignatureTree(signature).types)
