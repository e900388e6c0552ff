"""The names of D-Bus and of BlueZ that appear on the bus."""

BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
AGENT_MANAGER = "org.bluez.AgentManager1"
DEVICE = "org.bluez.Device1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"

DBUS = "org.freedesktop.DBus"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PEER = "org.freedesktop.DBus.Peer"
PROPERTIES = "org.freedesktop.DBus.Properties"

ROOT_PATH = "/"
BLUEZ_PATH = "/org/bluez"
ADAPTER_PATH = "/org/bluez/hci0"
