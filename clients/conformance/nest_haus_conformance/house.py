"""A house of the kit's own on a server, with an owner, an editor, a viewer and a stranger."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nest_haus_conformance.peer import Json, rest

DEMO_NAME = "Conformance kit"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A new configuration and the tokens of its people."""

    url: str
    id: str
    code: str
    epoch: str
    owner: str
    editor: str
    viewer: str
    stranger: str
    catalogue: Json

    @property
    def size_category(self) -> str:
        """The category that every house has and whose options all differ in price."""
        return str(self.catalogue["size_category"])

    def options(self, category: str) -> list[str]:
        """The ids of a category's options."""
        found = next(each for each in self.catalogue["categories"] if each["id"] == category)
        return [option["id"] for option in found["options"]]

    def select(self, number: int) -> Json:
        """Select the size with this number."""
        options = self.options(self.size_category)
        return {
            "kind": "select",
            "category": self.size_category,
            "option": options[number % len(options)],
        }

    @property
    def other_category(self) -> str:
        """A required category that no rule ties to the size."""
        return next(
            str(each["id"])
            for each in self.catalogue["categories"]
            if each["required"] and each["id"] != self.size_category and len(each["options"]) > 1
        )

    def select_other(self, number: int) -> Json:
        """Select an option of ``other_category``."""
        options = self.options(self.other_category)
        return {
            "kind": "select",
            "category": self.other_category,
            "option": options[number % len(options)],
        }

    @property
    def counted(self) -> Any:  # noqa: ANN401
        """A category with a quantity that depends on the size; None when there is none."""
        return next((each for each in self.catalogue["categories"] if each.get("quantity")), None)

    @property
    def optional(self) -> Any:  # noqa: ANN401
        """A category without a quantity that may be left out; None when there is none."""
        return next(
            (
                each
                for each in self.catalogue["categories"]
                if not each["required"] and not each.get("quantity")
            ),
            None,
        )

    def choose_optional(self) -> Json:
        """Choose something in ``optional``."""
        category = str(self.optional["id"])
        return {"kind": "select", "category": category, "option": self.options(category)[0]}

    def clear_optional(self) -> Json:
        """Leave ``optional`` out."""
        return {"kind": "clear", "category": str(self.optional["id"])}

    @property
    def cut_by_size(self) -> list[Json]:
        """A large size, the most that fits it, and a small size, which cuts that quantity."""
        bounds = self.counted["quantity"]["maximum"] if self.counted else None
        if not isinstance(bounds, dict) or len(set(bounds.values())) < 2:
            return []
        large, small = max(bounds, key=bounds.__getitem__), min(bounds, key=bounds.__getitem__)
        size = {"kind": "select", "category": self.size_category}
        counted = str(self.counted["id"])
        most = {
            "kind": "select",
            "category": counted,
            "option": self.options(counted)[0],
            "quantity": bounds[large],
        }
        return [{**size, "option": large}, most, {**size, "option": small}]

    async def log(self, since: int = 0) -> list[Json]:
        """The ops that the server has stored, read over REST."""
        answer = await rest(
            self.url, "GET", f"/api/configurations/{self.id}/ops?since={since}", token=self.owner
        )
        return list(answer["ops"])

    async def read(self) -> Json:
        """The configuration as REST gives it."""
        return await rest(self.url, "GET", f"/api/configurations/{self.id}", token=self.owner)


async def new_house(url: str) -> House:
    """Create a house. Raises OSError or KeyError if the server does not belong to this product."""
    created = await rest(url, "POST", "/api/configurations", {})
    tokens = {role: await _person(url) for role in ("editor", "viewer", "stranger")}
    await _let_in(url, created, str(created["token"]), tokens)
    return House(
        url=url,
        id=str(created["id"]),
        code=str(created["code"]),
        epoch=str(created["epoch"]),
        owner=str(created["token"]),
        catalogue=await rest(url, "GET", "/api/catalogue"),
        **tokens,
    )


async def another_house(house: House) -> House:
    """A new house of the same people."""
    created = await rest(house.url, "POST", "/api/configurations", {}, house.owner)
    tokens = {"editor": house.editor, "viewer": house.viewer}
    await _let_in(house.url, created, house.owner, tokens)
    return replace(house, id=str(created["id"]), code=str(created["code"]))


async def _let_in(url: str, created: Json, owner: str, tokens: Mapping[str, str]) -> None:
    """Give the editor and the viewer their roles, each by a link as people do."""
    for role in ("editor", "viewer"):
        link = await rest(
            url, "POST", f"/api/configurations/{created['id']}/share-links", {"role": role}, owner
        )
        await rest(
            url,
            "POST",
            "/api/share-links/redeem",
            {"token": str(link["url"]).rsplit("#", 1)[-1]},
            tokens[role],
        )


async def _person(url: str) -> str:
    return str((await rest(url, "POST", "/api/people", {}))["token"])
