"""What is kept in mind of people across dialogs."""

from pydantic import BaseModel, Field

from vitte.core.settings.backends import Seconds


class MemorySettings(BaseModel):
    """Facts about people that are kept across dialogs."""

    enabled: bool = Field(
        default=True,
        description="Whether facts are learned and used; people may switch it off for themselves.",
    )
    max_facts: int = Field(200, ge=1, le=1000, description="Facts kept of one person; then the oldest go.")
    recall_characters: int = Field(
        2000, ge=512, le=50_000, description="Characters of facts that a model is shown with a question."
    )
    newest: int = Field(5, ge=0, le=100, description="Newest facts that are always among them.")
    embedding_timeout: Seconds = Field(
        0.5, description="Seconds to find out what a question means, before the newest facts have to do."
    )
    learn_interval: Seconds = Field(
        600, description="Seconds between two looks at what a person has said, each a call to the model."
    )
    learn_messages: int = Field(40, ge=2, le=500, description="Newest messages that a look sees at most.")
    same_distance: float = Field(
        0.03, ge=0, le=1, description="Cosine distance up to which two facts count as the same one."
    )
