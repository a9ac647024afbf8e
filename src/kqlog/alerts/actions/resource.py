"""The parts of a resource id of Azure: /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME."""

from __future__ import annotations

from dataclasses import dataclass

NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class ResourceId:
    """What an id says of a resource; '' for what it does not."""

    subscription: str = ""
    group: str = ""
    type: str = ""
    """With its provider, as in Microsoft.Compute/virtualMachines."""
    name: str = ""


def parts_of(id_: str) -> ResourceId:
    """The parts of an id. A text that is none is the name of something."""
    if not id_.startswith("/"):
        return ResourceId(name=id_)
    words = id_.strip("/").split("/")
    named = {name.lower(): value for name, value in zip(words[:4:2], words[1:4:2], strict=False)}
    lower = [word.lower() for word in words]
    subscription, group = named.get("subscriptions", ""), named.get("resourcegroups", "")
    if "providers" not in lower:
        return ResourceId(subscription, group, name=words[-1])
    # A resource of a resource has types and names by turns, after the last provider.
    provider, *rest = words[len(lower) - lower[::-1].index("providers") :] or [""]
    return ResourceId(subscription, group, "/".join([provider, *rest[::2]]), rest[-1] if rest else "")
