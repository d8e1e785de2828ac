"""The models that capture is tested on."""

from tests.capture.conftest import golden as golden
from tests.capture.conftest import small_model as small_model
