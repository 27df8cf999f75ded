"""Names of the kinds of personal data and secrets, as they stand after a number."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "card": ("card number", "card numbers"),
    "iban": ("IBAN", "IBANs"),
    "national_id": ("national id", "national ids"),
    "ip_address": ("IP address", "IP addresses"),
    "address": ("street address", "street addresses"),
    "birth_date": ("date of birth", "dates of birth"),
    "wallet": ("wallet address", "wallet addresses"),
    "name": ("name of a person", "names of persons"),
    "private_key": ("private key", "private keys"),
    "database_url": ("address with a password", "addresses with a password"),
    "aws_key": ("AWS key", "AWS keys"),
    "github_token": ("GitHub token", "GitHub tokens"),
    "gitlab_token": ("GitLab token", "GitLab tokens"),
    "google_key": ("Google key", "Google keys"),
    "slack_token": ("Slack token", "Slack tokens"),
    "stripe_key": ("Stripe key", "Stripe keys"),
    "twilio_key": ("Twilio key", "Twilio keys"),
    "sendgrid_key": ("SendGrid key", "SendGrid keys"),
    "npm_token": ("npm token", "npm tokens"),
    "pypi_token": ("PyPI token", "PyPI tokens"),
    "anthropic_key": ("Anthropic key", "Anthropic keys"),
    "openai_key": ("OpenAI key", "OpenAI keys"),
    "huggingface_token": ("Hugging Face token", "Hugging Face tokens"),
    "azure_key": ("Azure key", "Azure keys"),
    "jwt": ("JSON web token", "JSON web tokens"),
    "bearer_token": ("bearer token", "bearer tokens"),
    "password": ("password", "passwords"),
    "api_key": ("API key", "API keys"),
}


def counted_kinds(counts: Mapping[str, int]) -> list[str]:
    """Return kinds with their numbers in words, the most frequent first.

    >>> counted_kinds({"email": 2, "iban": 1200, "phone": 1})
    ['1,200 IBANs', '2 e-mail addresses', '1 phone number']
    """
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [f"{count:,} {_words(kind)[count != 1]}" for kind, count in ordered]


def _words(kind: str) -> tuple[str, str]:
    spaced = kind.replace("_", " ")
    return _WORDS.get(kind, (spaced, f"{spaced}s"))
