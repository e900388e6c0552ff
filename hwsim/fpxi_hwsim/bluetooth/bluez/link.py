"""A link to a peripheral: ATT requests that raise the link's security when they must.

What the kernel and `bt_att` of BlueZ (`src/shared/att.c`, `change_security`) do together: an
attribute that answers insufficient encryption or authentication has the link encrypted with the
key of the bond, or paired when there is none, and the request is sent once more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from bumble import att
from bumble.core import TimeoutError as BumbleTimeoutError
from bumble.device import Connection
from bumble.hci import HCI_Error

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.security import LinkLostError, NotPairedError, Security

LONGEST_VALUE = 512  # an attribute value (Core Specification, Vol 3, Part F, 3.2.9)
_SECURITY_ERRORS = (
    att.ATT_INSUFFICIENT_ENCRYPTION_ERROR,
    att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR,
)
_END_OF_VALUE = (att.ATT_INVALID_OFFSET_ERROR, att.ATT_ATTRIBUTE_NOT_LONG_ERROR)

T = TypeVar("T")


def _is_no_news(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended that was given up with its link."""
    if not task.cancelled():
        task.exception()


class Link:
    """One connection and the attributes at its far end.

    Attributes
    ----------
    connection
        Bumble's side of it.
    security
        Its encryption and pairing.
    lost
        Set once the link has ended, to the HCI reason.

    """

    def __init__(self, connection: Connection, security: Security) -> None:
        self.connection = connection
        self.security = security
        self.lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.client = connection.gatt_client
        connection.on(connection.EVENT_DISCONNECTION, self._ended)

    def _ended(self, reason: int) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    @property
    def mtu(self) -> int:
        """The ATT MTU, bytes."""
        return int(self.connection.att_mtu)

    async def while_up(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of `work`, which is given up when the link ends.

        Raises
        ------
        LinkLostError
            It ended.

        """
        task = asyncio.get_running_loop().create_task(work)
        ends: set[asyncio.Future[Any]] = {task, self.lost}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_is_no_news)
        if not task.done() or task.cancelled():
            raise LinkLostError
        try:
            return task.result()
        except BumbleTimeoutError:
            # An ATT transaction without an answer is the end of its bearer (Core Specification,
            # Vol 3, Part F, 3.3.3).
            await self.end()
            raise LinkLostError from None

    async def end(self) -> None:
        """End the link; returns once it has ended, whoever was first."""
        with contextlib.suppress(HCI_Error, LinkLostError):
            await self.while_up(self.connection.disconnect())
        await self.lost

    async def read(self, handle: int, offset: int) -> bytes:
        """Return an attribute's whole value from `offset` on.

        Raises
        ------
        BluezError
            The attribute refused, or the link ended.

        """
        return await self._operate(self._read(handle, offset))

    async def _read(self, handle: int, offset: int) -> bytes:
        value = b""
        while True:
            start = offset + len(value)
            request: att.ATT_PDU = (
                att.ATT_Read_Blob_Request(attribute_handle=handle, value_offset=start)
                if start
                else att.ATT_Read_Request(attribute_handle=handle)
            )
            response = await self._request(request)
            if isinstance(response, att.ATT_Error_Response):
                if value and response.error_code in _END_OF_VALUE:
                    return value
                raise errors.of_att(response.error_code)
            part = bytes(
                response.part_attribute_value if start else response.attribute_value  # type: ignore[attr-defined]
            )
            value += part
            if len(part) < self.mtu - 1 or offset + len(value) >= LONGEST_VALUE:
                return value

    async def write(self, handle: int, value: bytes, offset: int = 0) -> None:
        """Write with response; in prepared parts when it is long or begins at an offset.

        Raises
        ------
        BluezError
            The attribute refused, or the link ended.

        """
        await self._operate(self._write(handle, value, offset))

    async def _write(self, handle: int, value: bytes, offset: int) -> None:
        if len(value) <= self.mtu - 3 and not offset:
            await self._accepted(
                att.ATT_Write_Request(attribute_handle=handle, attribute_value=value)
            )
            return
        size = self.mtu - 5
        for start in range(0, len(value), size):
            await self._accepted(
                att.ATT_Prepare_Write_Request(
                    attribute_handle=handle,
                    value_offset=offset + start,
                    part_attribute_value=value[start : start + size],
                )
            )
        await self._accepted(att.ATT_Execute_Write_Request(flags=1))

    def write_command(self, handle: int, value: bytes) -> None:
        """Write without response: sent in order, heard or not."""
        self.client.send_gatt_pdu(
            bytes(att.ATT_Write_Command(attribute_handle=handle, attribute_value=value))
        )

    async def _accepted(self, request: att.ATT_PDU) -> None:
        response = await self._request(request)
        if isinstance(response, att.ATT_Error_Response):
            raise errors.of_att(response.error_code)

    async def _request(self, request: att.ATT_PDU) -> att.ATT_PDU:
        """One request; once more when the link's security could be raised for it."""
        encrypted = self.connection.is_encrypted
        response = await self._send(request)
        if encrypted or not isinstance(response, att.ATT_Error_Response):
            return response
        if response.error_code not in _SECURITY_ERRORS:
            return response
        try:
            await self.security.raise_level()
        except NotPairedError:
            return response
        return await self._send(request)

    async def _send(self, request: att.ATT_PDU) -> att.ATT_PDU:
        response = await self.client.send_request(request)
        assert isinstance(response, att.ATT_PDU)
        return response

    async def _operate(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await self.while_up(work)
        except LinkLostError:
            raise errors.of_att(0) from None
