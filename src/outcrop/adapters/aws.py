"""AWS's own services, where what is asked stands behind one: its credentials, its signatures, its client.

Credentials and region come from where AWS's own programs take them: variables, files, the machine's role
(https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from outcrop.core.cards import ModelCard
from outcrop.core.errors import Denied, Invalid, OutcropError, Throttled, Unavailable

ATTEMPTS = 3
THROTTLED = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException", "LimitExceededException"})
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"}
    | {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidS3ObjectException",
    }
)


def bedrock_client(card: ModelCard) -> Any:
    """A client of the real Bedrock's runtime that leaves asking again to whoever asks. Raises Invalid."""
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    config = Config(read_timeout=card.timeout, retries={"total_max_attempts": 1})
    try:
        return get_session().create_client("bedrock-runtime", endpoint_url=card.base_url, config=config)
    except BotoCoreError as error:
        raise Invalid(f"The model {card.target} cannot be used: {error}") from error


def service_client(service: str, endpoint: str | None) -> Any:
    """A client of one of AWS's services. Raises Invalid where the SDK's own configuration is wrong."""
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    try:
        return get_session().create_client(service, endpoint_url=endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Invalid(f"The AWS service {service} cannot be used: {error}") from error


def told(error: Exception, what: str) -> tuple[str, OutcropError]:
    """The code of an error of AWS's SDK, and the error in our words."""
    from botocore.exceptions import ClientError, NoCredentialsError

    if isinstance(error, NoCredentialsError):
        return "", Denied(f"{what} cannot be used: there are no AWS credentials.")
    if not isinstance(error, ClientError):
        return "", Unavailable(f"{what} does not answer ({type(error).__name__}).")
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "").rstrip(".")
    if code in THROTTLED:
        return code, Throttled(f"{what} answers that there were too many requests.")
    if code in DENIED:
        return code, Denied(f"{what} refuses the server's credentials ({code}).")
    return code, Unavailable(f"{what} answers {code}: {said}.")


class Signer:
    """Signs requests to one service with AWS's version 4 signatures."""

    def __init__(self, service: str, user: str) -> None:
        from botocore.session import get_session

        self._service = service
        self._user = user  # what cannot be used without: "The model ..."
        self._session = get_session()
        self.region = self._session.get_config_variable("region")
        if self.region is None:
            raise Invalid(f"{user} cannot be used: set AWS_DEFAULT_REGION to its region.")

    async def headers(self, url: str, body: bytes, method: str = "POST") -> Mapping[str, str]:
        """The headers that sign a request. Raises Denied where there are no credentials."""
        # Credentials may have to be fetched from the machine's metadata.
        return await asyncio.to_thread(self._headers, url, body, method)

    def _headers(self, url: str, body: bytes, method: str) -> Mapping[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials = self._session.get_credentials()
        if credentials is None:
            raise Denied(f"{self._user} cannot be used: there are no AWS credentials.")
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._service == "aoss":  # asks for it, as S3 does
            headers["x-amz-content-sha256"] = sha256(body).hexdigest()
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        SigV4Auth(credentials.get_frozen_credentials(), self._service, self.region).add_auth(request)
        return dict(request.headers.items())
