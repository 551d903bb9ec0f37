"""账号: sign-in, roles, one-time codes and the audit trail.

Words: account: who can sign in. role: participant (implied by a membership), organizer, association, coordinator, auditor, administrator.
"""
