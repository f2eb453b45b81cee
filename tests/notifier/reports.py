"""Reports as mail servers write them, about an e-mail that was sent.

Their structure is that of real ones, described or published by those who send them: Postfix
(bounce(5), and its own documentation of DSN), Exim (its specification, chapter 50), Gmail and
Exchange Online (their help pages on non-delivery reports), Amazon SES (its developer guide,
"Contents of bounce notifications"), qmail (QSBMF, by D. J. Bernstein), and RFC 5965, appendix B.
"""

from dataclasses import dataclass

CRLF = "\r\n"


@dataclass(frozen=True)
class Sent:
    """An e-mail that was sent, as a mail server returns it."""

    return_path: str
    recipient: str
    message_id: str
    unsubscribe: str = "https://south.example.org/unsubscribe?token=none"

    def headers(self) -> str:
        """Return its headers."""
        return "\n".join(
            [
                f"Return-Path: <{self.return_path}>",
                "From: Southlink <news@south.example.org>",
                f"To: {self.recipient}",
                "Subject: Southlink today: Online volunteers",
                f"Message-ID: {self.message_id}",
                f"List-Unsubscribe: <{self.unsubscribe}>",
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
            ]
        )


def postfix(sent: Sent, code: str = "5.1.1", reply: str = "550", action: str = "failed") -> bytes:
    """Return what Postfix sends; it says "auto-replied" of its own bounces."""
    said = {"failed": "Undelivered Mail Returned to Sender"}.get(action, "Delayed Mail")
    return _report(
        f"""Return-Path: <>
Delivered-To: {sent.return_path}
Received: by mx.example.org (Postfix)
\tid 056C3D244EC; Fri, 13 Nov 2020 09:48:34 +0900 (JST)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: {said}
To: {sent.return_path}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="08513C0196A.1605228514/mx.example.org"
Message-Id: <20201113004834.056C3D244EC@mx.example.org>

This is a MIME-encapsulated message.

--08513C0196A.1605228514/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.

<{sent.recipient}>: host mx.reader.example[203.0.113.7] said: {reply} {code}
    <{sent.recipient}>: Recipient address rejected (in reply to RCPT TO command)

--08513C0196A.1605228514/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 08513C0196A
X-Postfix-Sender: rfc822; {sent.return_path}
Arrival-Date: Fri, 13 Nov 2020 09:47:59 +0900 (JST)

Final-Recipient: rfc822; {sent.recipient}
Original-Recipient: rfc822;{sent.recipient}
Action: {action}
Status: {code}
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; {reply} {code} <{sent.recipient}>: Recipient address
    rejected

--08513C0196A.1605228514/mx.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

{sent.headers()}

Text.

--08513C0196A.1605228514/mx.example.org--
"""
    )


def exim(sent: Sent) -> bytes:
    """Return what Exim sends: the status says nothing, the diagnostic does."""
    return _report(
        f"""Return-path: <>
Envelope-to: {sent.return_path}
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: {sent.return_path}
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: {sent.recipient}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=1605-eximdsn-42

--1605-eximdsn-42
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1605-eximdsn-42
Content-type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Action: failed
Final-Recipient: rfc822;{sent.recipient}
Status: 5.0.0
Remote-MTA: dns; mx.reader.example
Diagnostic-Code: smtp; 550 5.1.1 no such user here

--1605-eximdsn-42
Content-type: message/rfc822

{sent.headers()}

--1605-eximdsn-42--
"""
    )


def gmail(sent: Sent) -> bytes:
    """Return what Gmail sends: pictures inside, and the diagnostic over several lines."""
    return _report(
        f"""Delivered-To: {sent.return_path}
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: {sent.return_path}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
In-Reply-To: {sent.message_id}
X-Failed-Recipients: {sent.recipient}
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000a1b2c3"; report-type=delivery-status

--000000000000a1b2c3
Content-Type: multipart/related; boundary="000000000000d4e5f6"

--000000000000d4e5f6
Content-Type: multipart/alternative; boundary="000000000000e7f8a9"

--000000000000e7f8a9
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to {sent.recipient} because the address couldn't be found.

--000000000000e7f8a9--
--000000000000d4e5f6
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=

--000000000000d4e5f6--
--000000000000a1b2c3
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; news@south.example.org
Arrival-Date: Fri, 13 Nov 2020 00:48:34 -0800 (PST)
X-Original-Message-ID: {sent.message_id}

Final-Recipient: rfc822; {sent.recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
 550-5.1.1 Please try double-checking the recipient's email address for typos or
 550-5.1.1 unnecessary spaces.
Last-Attempt-Date: Fri, 13 Nov 2020 00:48:34 -0800 (PST)

--000000000000a1b2c3
Content-Type: message/rfc822

{sent.headers()}

--000000000000a1b2c3--
"""
    )


def exchange(sent: Sent) -> bytes:
    """Return what Exchange Online sends: a long story in HTML, and headers in capitals."""
    return _report(
        f"""From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615@reader.example>
To: <{sent.return_path}>
Subject: Undeliverable: Southlink today: Online volunteers
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="6d8d0b2c-3e5a-4f8e-9c1d-77aa0d5b0f9e"
X-MS-Exchange-Message-Is-Ndr:

--6d8d0b2c-3e5a-4f8e-9c1d-77aa0d5b0f9e
Content-Type: text/html; charset="us-ascii"

<p>Your message couldn't be delivered.</p>

--6d8d0b2c-3e5a-4f8e-9c1d-77aa0d5b0f9e
Content-Type: message/delivery-status

Reporting-MTA: dns;PR3PR03MB6412.eurprd03.prod.outlook.com
Received-From-MTA: dns;mx.south.example.org
Arrival-Date: Fri, 13 Nov 2020 08:48:34 +0000

Final-Recipient: rfc822;{sent.recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP
 address lookup

--6d8d0b2c-3e5a-4f8e-9c1d-77aa0d5b0f9e
Content-Type: message/rfc822

{sent.headers()}

--6d8d0b2c-3e5a-4f8e-9c1d-77aa0d5b0f9e--
"""
    )


def amazon(sent: Sent) -> bytes:
    """Return what Amazon SES sends: a comment after the status, its own Message-ID."""
    return _report(
        f"""Return-Path: <>
Date: Fri, 13 Nov 2020 03:44:07 +0000
To: {sent.return_path}
From: MAILER-DAEMON@email-bounces.amazonses.com
Subject: Delivery Status Notification (Failure)
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="JuU8e.4gyIcCrxq.1RFbQY"

--JuU8e.4gyIcCrxq.1RFbQY
content-type: text/plain;
    charset="utf-8"
Content-Transfer-Encoding: quoted-printable

An error occurred while trying to deliver the mail to the following recipients:
{sent.recipient}
--JuU8e.4gyIcCrxq.1RFbQY
content-type: message/delivery-status

Reporting-MTA: dns; a192-79.smtp-out.amazonses.com

Final-Recipient: rfc822;{sent.recipient}
Action: failed
Status: 5.1.1 (permanent failure)
Remote-MTA: dns; [203.0.113.7]
Diagnostic-Code: smtp; 550 5.1.1 user unknown (delivery attempts: 0)

--JuU8e.4gyIcCrxq.1RFbQY
content-type: message/rfc822

Message-ID: <0100018a-feedback-000000@email.amazonses.com>
To: {sent.recipient}

--JuU8e.4gyIcCrxq.1RFbQY--
"""
    )


def qmail(sent: Sent) -> bytes:
    """Return what qmail sends: no part for machines."""
    return _report(
        f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.org
To: {sent.return_path}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{sent.recipient}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{sent.headers()}
"""
    )


def complaint(sent: Sent, feedback_type: str = "abuse", *, redacted: bool = False) -> bytes:
    """Return a feedback report; providers often take the recipient out (RFC 6590)."""
    recipient = "" if redacted else f"Original-Rcpt-To: <{sent.recipient}>\n"
    headers = sent.headers()
    if redacted:
        headers = headers.replace(sent.recipient, "redacted@reader.example")
    return _report(
        f"""From: <abusedesk@reader.example>
To: <abuse@south.example.org>
Subject: FW: Southlink today: Online volunteers
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {feedback_type}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{sent.return_path}>
{recipient}Reporting-MTA: dns; mail.reader.example
Source-IP: 192.0.2.1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

{headers}

Text.

--part1_13d.2e68ed54_boundary--
"""
    )


def out_of_office(sent: Sent) -> bytes:
    """Return the answer of a mailbox whose reader is away (RFC 3834)."""
    return _report(
        f"""From: Ana <{sent.recipient}>
To: {sent.return_path}
Subject: Out of office: 550 5.1.1 things to do
Auto-Submitted: auto-replied
In-Reply-To: {sent.message_id}
Content-Type: text/plain; charset=utf-8

I'm back on Monday. <{sent.recipient}>: user unknown until then.
"""
    )


def _report(text: str) -> bytes:
    return text.replace("\n", CRLF).encode()
