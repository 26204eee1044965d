"""Reads along the words of a statement: just enough grammar to find names, actions and lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from iotistic.migrations.lexer import Kind, Token, identifier

__all__ = ["Name", "Reader", "split_commas"]

_DEPTH: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a table, index or the like, folded as the server folds it."""

    schema: str | None
    """None when it was written without one."""
    name: str
    """The last part."""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def within(self, schema: str) -> "Name":
        """With `schema` in place of a missing one."""
        return self if self.schema else Name(schema, self.name)


@final
class Reader:
    """A position in the words of one statement."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.words = tuple(words)
        self.position = 0

    @property
    def left(self) -> tuple[Token, ...]:
        """The words not read yet."""
        return self.words[self.position :]

    @property
    def offset(self) -> int:
        """Where the next word begins in the statement's text; at the end, where the last one begins."""
        if not self.words:
            return 0
        return self.words[min(self.position, len(self.words) - 1)].offset

    def at(self, *wanted: str) -> bool:
        """Whether the next words are these (in capitals)."""
        end = self.position + len(wanted)
        return end <= len(self.words) and all(
            self.words[self.position + index].upper == word for index, word in enumerate(wanted)
        )

    def take(self, *wanted: str) -> bool:
        """Reads these words if they come next, and says whether they did."""
        found = self.at(*wanted)
        if found:
            self.position += len(wanted)
        return found

    def take_any(self, *choices: str) -> str | None:
        """Reads the next word if it is one of `choices`."""
        for word in choices:
            if self.take(word):
                return word
        return None

    def next(self) -> Token | None:
        """Reads one word, whatever it is."""
        if self.position >= len(self.words):
            return None
        self.position += 1
        return self.words[self.position - 1]

    def name(self) -> Name | None:
        """Reads a name with its schema, if one comes next."""
        parts: list[str] = []
        while self.position < len(self.words) and self.words[self.position].kind in {Kind.WORD, Kind.NAME}:
            parts.append(identifier(self.words[self.position]))
            self.position += 1
            if not self.take("."):
                break
        if not parts:
            return None
        return Name(parts[-2] if len(parts) > 1 else None, parts[-1])

    def group(self) -> tuple[Token, ...]:
        """Reads a list in parentheses, if one comes next, and answers what stands between them."""
        if not self.at("("):
            return ()
        depth, start = 0, self.position + 1
        while (token := self.next()) is not None:
            depth += _DEPTH.get(token.text, 0)
            if depth == 0:
                return self.words[start : self.position - 1]
        return self.words[start:]

    def has(self, *wanted: str) -> bool:
        """Whether these words stand in a row among those left, outside parentheses."""
        return self.find(*wanted) is not None

    def find(self, *wanted: str) -> int | None:
        """How many words before the first such row, outside parentheses; None when there is none."""
        depth = 0
        for index, token in enumerate(self.left):
            depth += _DEPTH.get(token.text, 0)
            row = tuple(word.upper for word in self.left[index : index + len(wanted)])
            if depth == 0 and row == wanted:
                return index
        return None


def split_commas(words: Sequence[Token]) -> Iterator[Reader]:
    """The parts of a list, each with a reader of its own."""
    depth, part = 0, list[Token]()
    for token in words:
        depth += _DEPTH.get(token.text, 0)
        if token.text == "," and depth == 0:
            yield Reader(part)
            part = []
        else:
            part.append(token)
    if part:
        yield Reader(part)
