"""The kinds of Claude Code records that are known; every other name is counted and kept as unknown."""

from __future__ import annotations

SILENT = frozenset(
    [
        "progress",
        "file-history-snapshot",
        "permission-mode",
        "mode",
        "last-prompt",
        "bridge-session",
        "pr-link",
        "agent-name",
        "agent-color",
        "agent-setting",
        "tag",
        "queue-operation",
        "worktree-state",
        "content-replacement",
        "speculation-accept",
        "attribution-snapshot",
        "context-collapse-commit",
        "context-collapse-snapshot",
        "task-summary",
        "started",
        "result",
    ]
)
"""Records about the session's files, modes and going on; sub-agents' copies among them stand in files of their own."""

SILENT_SYSTEM = frozenset(
    [
        "stop_hook_summary",
        "local_command",
        "microcompact_boundary",
        "api_error",
        "away_summary",
        "bridge_status",
        "informational",
        "agents_killed",
        "api_metrics",
        "file_snapshot",
        "memory_saved",
        "permission_retry",
        "scheduled_task_fire",
        "snip_boundary",
        "snip_marker",
        "thinking",
        "turn_duration",
    ]
)

SILENT_PROGRESS = frozenset(
    [
        "agent_progress",
        "bash_progress",
        "hook_progress",
        "mcp_progress",
        "query_update",
        "search_results_received",
        "skill_progress",
        "powershell_progress",
        "waiting_for_task",
    ]
)

SILENT_ATTACHMENTS = frozenset(
    [
        "hook_success",
        "hook_system_message",
        "hook_additional_context",
        "hook_blocking_error",
        "hook_cancelled",
        "hook_non_blocking_error",
        "hook_error_during_execution",
        "hook_stopped_continuation",
        "hook_permission_decision",
        "async_hook_response",
        "deferred_tools_delta",
        "mcp_instructions_delta",
        "agent_listing_delta",
        "skill_listing",
        "command_permissions",
        "task_reminder",
        "todo_reminder",
        "edited_text_file",
        "edited_image_file",
        "diagnostics",
        "file",
        "compact_file_reference",
        "opened_file_in_ide",
        "selected_lines_in_ide",
        "new_file",
        "new_directory",
        "directory",
        "nested_memory",
        "relevant_memories",
        "plan_mode",
        "plan_mode_reentry",
        "plan_mode_exit",
        "plan_file_reference",
        "auto_mode",
        "auto_mode_exit",
        "date_change",
        "output_style",
        "ultramemory",
        "ultrathink_effort",
        "invoked_skills",
        "dynamic_skill",
        "skill_discovery",
        "current_session_memory",
        "critical_system_reminder",
        "task_status",
        "agent_mention",
        "mcp_resource",
        "pdf_reference",
        "already_read_file",
        "image",
        "structured_output",
        "token_usage",
        "budget_usd",
        "output_token_usage",
        "verify_plan_reminder",
        "max_turns_reached",
        "compaction_reminder",
        "context_efficiency",
        "teammate_mailbox",
        "team_context",
        "companion_intro",
        "bagel_console",
        "todo",
    ]
)
"""What the tool put beside the conversation; `queued_command` is none of them, for it holds what a person typed."""

COMMAND = ("<command-name>", "<command-message>")
NO_PROMPT = (
    *COMMAND,
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "<system-reminder>",
    "Caveat: The messages below were generated",
)
INTERRUPT = "[Request interrupted by user"
"""How texts of role user begin that the tool wrote."""
