from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.device_api import DeviceApi, device_api


@pytest_asyncio.fixture
async def api() -> AsyncIterator[DeviceApi]:
    async with device_api() as running:
        yield running
