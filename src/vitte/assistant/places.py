"""Where a dialog is held, when it is not a person's own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A group, or a topic of any chat.

    `topic_id` is the topic's `message_thread_id`; 0: the chat outside of topics.
    """

    chat_id: int
    topic_id: int = 0

    @property
    def is_shared(self) -> bool:
        """Whether others are there too: groups have negative ids, a private chat has its person's.

        https://core.telegram.org/bots/api#chat , https://core.telegram.org/api/bots/ids
        """
        return self.chat_id < 0
