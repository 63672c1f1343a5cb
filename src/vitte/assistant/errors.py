"""Why a question is not put to a model."""

from vitte.core.errors import VitteError


class ModelCannotSeeError(VitteError):
    """There are pictures in the question, and the model that is to answer looks at none."""

    code = "model_cannot_see"
    status = 422
    text_key = "error-model-cannot-see"
