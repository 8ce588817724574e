"""Amazon Bedrock's API: translates between the wire and the services, driven by botocore's service models."""
