"""What a model reads of a question: through its chat template, or a prompt of the user's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from pytest_emid.errors import ModelError
from pytest_emid.models.placeholders import arranged, without_places

__all__ = ["Prompts", "readable"]

Message = dict[str, Any]

_PARTS: Final = re.compile(r"""['"]type['"]\s*:""")
"""What a template writes of the parts of a content that it takes for text."""
ADVICE: Final = "Give prompt=, for example prompt='USER: <image>\\n{question} ASSISTANT:'."


class Prompts:
    """Makes the prompts of a model.

    Args:
        processor: of the model.
        system: a system message before the question.
        prompt: instead of the chat template, with `{question}` in it.
    """

    def __init__(self, processor: Any, *, system: str, prompt: str | None) -> None:
        self._processor = processor
        self._system = system
        self.own = prompt
        self._as_text: bool | None = None
        self._kept = lru_cache(4096)(self._made)

    def of(self, question: str, pictures: int = 1) -> str:
        """What the model reads of a question about so many pictures.

        Raises:
            DataError: the question has places for more.
            ModelError: there is no place for its pictures.
        """
        return self._kept(question, pictures)

    def with_answer(self, question: str, answer: str, pictures: int = 1) -> str:
        """A whole conversation. Raises whatever a template raises that knows no answers."""
        said = {"role": "assistant", "content": [{"type": "text", "text": answer}]}
        return self._rendered([*self._messages(question, pictures), said])

    def _made(self, question: str, pictures: int) -> str:
        if self.own is not None:
            return self._filled(self.own, question, pictures)
        return self._rendered(self._messages(question, pictures), add_generation_prompt=True)

    def _messages(self, question: str, pictures: int) -> list[Message]:
        messages: list[Message] = []
        if self._system:
            messages.append({"role": "system", "content": [{"type": "text", "text": self._system}]})
        content = [
            {"type": "text", "text": readable(part)} if isinstance(part, str) else {"type": "image"}
            for part in arranged(question, pictures)
        ]
        messages.append({"role": "user", "content": content})
        return messages

    def _rendered(self, messages: Sequence[Message], **options: Any) -> str:
        if self._as_text is None:
            self._as_text = self._takes_text_only()
        if self._as_text:
            messages = [self._in_words(message) for message in messages]
        return str(self._processor.apply_chat_template(messages, tokenize=False, **options))

    def _takes_text_only(self) -> bool:
        """Whether the template takes a message's content for text, and so would write its parts out."""
        asked = self._messages("What is it?", 1)
        try:
            return bool(_PARTS.search(str(self._processor.apply_chat_template(asked, tokenize=False))))
        except Exception:  # text and a list of parts cannot be joined, say
            try:
                self._processor.apply_chat_template([{"role": "user", "content": "What is it?"}], tokenize=False)
            except Exception:
                return False  # what is wrong is said when a question is asked
            return True

    def _in_words(self, message: Message) -> Message:
        said = [part["text"] if part["type"] == "text" else self._place() for part in message["content"]]
        return {**message, "content": "\n".join(said)}

    def _place(self) -> str:
        tokens = self._tokens()
        if not tokens:
            raise ModelError(
                "the chat template takes the content of a message as text only, and the processor names no token for "
                f"a picture in it, so where the picture goes is not known. {ADVICE}"
            )
        return tokens[0]

    def _tokens(self) -> list[str]:
        """What stands for a picture in a prompt, as far as the processor says."""
        owners = (self._processor, getattr(self._processor, "tokenizer", None))
        named = [getattr(owner, "image_token", None) for owner in owners]
        return [str(token) for token in named if token]

    def _filled(self, own: str, question: str, pictures: int) -> str:
        """The user's prompt. Pictures at the beginning of a question go where the prompt has its own."""
        if pictures == 1:
            return own.replace("{question}", readable(without_places(question)))
        parts = arranged(question, pictures)
        place = self._place_in(own)
        if place is None:
            if pictures:
                raise ModelError(
                    f"the prompt {own!r} has no place that is known to be a picture's, and a sample has {pictures}. "
                    f"Put {' or '.join([*self._tokens(), '<image>'])} where the pictures go."
                )
            return own.replace("{question}", readable(question))
        token, end = place
        line = "\n" if own[end : end + 1] == "\n" else ""
        leading = next((i for i, part in enumerate(parts) if isinstance(part, str)), len(parts))
        inside = " ".join(readable(part) if isinstance(part, str) else token for part in parts[leading:])
        before = own[: end - len(token)] + line.join([token] * leading)
        after = own[end:] if leading else own[end:].removeprefix(line)
        return (before + after).replace("{question}", inside)

    def _place_in(self, own: str) -> tuple[str, int] | None:
        """The picture's place in a prompt, with the special tokens around it, and where it ends."""
        token = next((token for token in [*self._tokens(), "<image>"] if token in own), None)
        if token is None:
            return None
        tokenizer = getattr(self._processor, "tokenizer", self._processor)
        plain = {getattr(tokenizer, f"{name}_token", None) for name in ("bos", "eos", "pad", "unk")}
        special = [each for each in getattr(tokenizer, "all_special_tokens", ()) if each and each not in plain]
        start = own.index(token)
        end = start + len(token)
        if (before := next((each for each in special if own[:start].endswith(each)), None)) and (
            after := next((each for each in special if own[end:].startswith(each)), None)
        ):
            start, end = start - len(before), end + len(after)
        return own[start:end], end


def readable(text: str) -> str:
    """Tokenizers refuse lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
