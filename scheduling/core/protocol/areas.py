"""Where on the body: a tree whose nodes overlap their ancestors and descendants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class AreaTree:
    """The body as bits: one per leaf, so that "do these overlap" is one `&`.

    `masks` maps a node to the bits of the leaves under it; `whole` is the body. Siblings share
    no bit (protocol convention D7).
    """

    masks: Mapping[str, int]
    parents: Mapping[str, str]
    whole: int

    @classmethod
    def of(cls, children: Mapping[str, tuple[str, ...]]) -> "AreaTree":
        """Build the tree from node -> children; the caller has refused loops and two parents."""
        parents = {child: node for node, below in children.items() for child in below}
        leaves = [name for name in parents if not children.get(name)]
        leaves += [name for name in children if name not in parents and not children[name]]
        masks = {leaf: 1 << bit for bit, leaf in enumerate(leaves)}

        def mask(name: str) -> int:
            if name not in masks:
                masks[name] = 0
                for child in children[name]:
                    masks[name] |= mask(child)
            return masks[name]

        whole = 0
        for name in children:
            whole |= mask(name)
        return cls(masks=masks, parents=parents, whole=whole)

    def mask(self, areas: Iterable[str]) -> int:
        """Give the bits of these areas; nothing said, or a name not in the tree, is everything."""
        bits = 0
        for area in areas:
            bits |= self.masks.get(area, self.whole)
        return bits or self.whole

    def overlap(self, some: Iterable[str], others: Iterable[str]) -> bool:
        """Tell whether any of the areas is the same node, an ancestor or a descendant."""
        return bool(self.mask(some) & self.mask(others))
