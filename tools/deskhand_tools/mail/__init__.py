"""The `email` tool: a mailbox whose folders are tables and whose mails can be sent, answered and filed.

The mailbox is a Maildir. This package refuses to fetch anything from elsewhere (pictures, links), to change a
mail's flags by reading it, and to send a mail whose addresses it can't vouch for.
"""

from deskhand_tools.mail.tool import MailTool

__all__ = ["MailTool"]
