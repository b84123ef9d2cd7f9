"""The kinds of Codex records that are known; every other name is counted and kept as unknown."""

from __future__ import annotations

CALLS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "web_search_call",
        "tool_search_call",
        "image_generation_call",
        "mcp_tool_call",
    }
)
RESULTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "local_shell_call_output",
        "tool_search_output",
        "tool_search_call_output",
        "mcp_tool_call_output",
    }
)
SILENT_ITEMS = frozenset(
    {"ghost_snapshot", "agent_message", "compaction", "compaction_summary", "compaction_trigger"}
)
"""Items of the model's context that say nothing a reader of the chat wants."""

SILENT_EVENTS = frozenset(
    [
        "user_message",
        "agent_message",
        "agent_reasoning",
        "agent_reasoning_raw_content",
        "agent_reasoning_section_break",
        "agent_message_delta",
        "agent_reasoning_delta",
        "agent_message_content_delta",
        "reasoning_content_delta",
        "exec_command_begin",
        "exec_command_end",
        "exec_command_output_delta",
        "patch_apply_begin",
        "patch_apply_end",
        "turn_diff",
        "mcp_tool_call_begin",
        "mcp_tool_call_end",
        "web_search_begin",
        "web_search_end",
        "view_image_tool_call",
        "image_generation_begin",
        "image_generation_end",
        "terminal_interaction",
        "exec_approval_request",
        "apply_patch_approval_request",
        "elicitation_request",
        "request_permissions",
        "request_user_input",
        "collab_agent_spawn_begin",
        "collab_agent_spawn_end",
        "collab_agent_interaction_begin",
        "collab_agent_interaction_end",
        "collab_waiting_begin",
        "collab_waiting_end",
        "collab_close_begin",
        "collab_close_end",
        "collab_resume_begin",
        "collab_resume_end",
        "sub_agent_activity",
        "context_compacted",
        "dynamic_tool_call_request",
        "dynamic_tool_call_response",
        "entered_review_mode",
        "exited_review_mode",
        "item_started",
        "item_completed",
        "plan_update",
        "plan_delta",
        "stream_error",
        "warning",
        "background_event",
        "undo_started",
        "undo_completed",
        "thread_rolled_back",
        "session_configured",
        "get_history_entry_response",
        "list_custom_prompts_response",
        "deprecation_notice",
        "shutdown_complete",
        "thread_goal_updated",
        "guardian_assessment",
        "model_reroute",
        "skills_update_available",
        "realtime_conversation_started",
        "realtime_conversation_closed",
    ]
)
"""Events that repeat what items say, or tell how something went on."""

INJECTED = (
    "<environment_context>",
    "# AGENTS.md",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "<skill>",
    "<skills_instructions>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_action>",
    "<user_shell_command>",
    "<recommended_plugins>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<model_switch>",
    "<goal_context>",
)
INJECTED_BEGIN = frozenset(one[0] for one in INJECTED)
"""The characters that these texts begin with."""
"""How texts begin that the tool itself put into a message of role user."""
