"""moto's server, with what its KMS leaves out and AWS documents:

- `Sign` with the message type DIGEST signs the digest itself, not its hash;
- CloudFormation makes a key of the spec and the usage that the template says;
- CloudFormation makes secrets, also generated ones.
"""

import contextvars
import json
import secrets
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.common_models import CloudFormationModel
from moto.kms import models, responses, utils
from moto.secretsmanager.models import secretsmanager_backends
from moto.server import main

message_type = contextvars.ContextVar("message_type", default="RAW")
answer_sign = responses.KmsResponse.sign
sign_raw = utils.ECDSAPrivateKey.sign


def sign(self):
    token = message_type.set(self._get_param("MessageType") or "RAW")
    try:
        return answer_sign(self)
    finally:
        message_type.reset(token)


def sign_with_key(self, message, signing_algorithm):
    if message_type.get() == "RAW":
        return sign_raw(self, message, signing_algorithm)
    return self.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))


def create_key(cls, resource_name, cloudformation_json, account_id, region_name, **_):
    properties = cloudformation_json["Properties"]
    return models.kms_backends[account_id][region_name].create_key(
        policy=properties["KeyPolicy"],
        key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        description=properties.get("Description"),
        tags=properties.get("Tags", []),
    )


class Secret(CloudFormationModel):
    # moto tells by the module which service a model belongs to.
    __module__ = "moto.secretsmanager.models"

    def __init__(self, arn):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type():
        return "Name"

    @staticmethod
    def cloudformation_type():
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        generated = properties.get("GenerateSecretString")
        value = properties.get("SecretString") if generated is None else secrets.token_urlsafe(64)
        answer = secretsmanager_backends[account_id][region_name].create_secret(
            name=properties["Name"],
            secret_string=value,
            secret_binary=None,
            description=properties.get("Description"),
            tags=properties.get("Tags", []),
            kms_key_id=properties.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(answer)["ARN"])


responses.KmsResponse.sign = sign
utils.ECDSAPrivateKey.sign = sign_with_key
models.Key.create_from_cloudformation_json = classmethod(create_key)

main(sys.argv[1:])
