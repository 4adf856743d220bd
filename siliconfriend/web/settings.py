"""To come."""
from siliconfriend.web.visit import Visit


async def show(visit: Visit) -> None:
    """Draw the page."""
