"""Each scenario of the orchestration contract, and the test that holds it.

A file without a folder stands in this one; the others hold the same promise where its room is tested.
"""

from __future__ import annotations

ORCHESTRATION = {
    "returns deterministic read models for repeated calls": (
        "test_engine.py",
        "test_returns_deterministic_read_models_for_repeated_calls",
    ),
    "replays append-only events from sequence": (
        "test_engine.py",
        "test_replays_append_only_events_from_sequence",
    ),
    "streams persisted domain events in order": (
        "event_view/test_following.py",
        "test_who_follows_sees_every_event_once_in_order",
    ),
    "stores completed checkpoint summaries even when no files changed": (
        "test_engine.py",
        "test_stores_completed_checkpoint_summaries_even_when_no_files_changed",
    ),
    "keeps processing queued commands after a storage failure": (
        "test_failures.py",
        "test_keeps_processing_queued_commands_after_a_storage_failure",
    ),
    "fails command dispatch when command invariants are violated": (
        "event_view/test_every_change.py",
        "test_a_refusal_has_a_receipt_and_no_event",
    ),
    "rejects duplicate thread creation": (
        "test_engine.py",
        "test_rejects_duplicate_thread_creation",
    ),
    "bootstraps all projection states and writes projection rows": (
        "store/projections/test_fold.py",
        "test_bootstraps_all_projection_states_and_writes_rows",
    ),
    "resumes from projector last_applied_sequence without replaying older events": (
        "store/projections/test_fold.py",
        "test_resumes_from_last_applied_sequence_without_replaying_older_events",
    ),
    "projects dispatched engine events immediately": (
        "test_engine.py",
        "test_projects_dispatched_engine_events_immediately",
    ),
    "projects persist updated scripts": (
        "event_view/test_log_commands.py",
        "test_updated_scripts_of_the_project_stay",
    ),
    "hydrates read model and computes snapshot sequence": (
        "store/projections/test_snapshot.py",
        "test_hydrates_read_model_and_computes_snapshot_sequence",
    ),
    "stores json columns as strings": (
        "store/projections/test_checkpoints.py",
        "test_stores_json_columns_as_strings",
    ),
    "fails with a decode error when stored json is invalid": (
        "model/events/test_codec.py",
        "test_fails_with_event_undecodable_when_stored_json_is_invalid",
    ),
    "fails with a decode error when folded json is invalid": (
        "store/projections/test_snapshot.py",
        "test_fails_with_a_named_error_when_stored_json_is_invalid",
    ),
}

INVARIANTS = {
    "a command needs its thread": (
        "test_engine.py",
        "test_requires_a_thread_that_exists",
    ),
    "a thread needs its project": (
        "test_engine.py",
        "test_every_thread_belongs_to_the_project_of_its_folder",
    ),
    "a turn count is a number of turns": (
        "test_engine.py",
        "test_requires_a_turn_count_that_is_no_less_than_zero",
    ),
    "a command is one that there is": (
        "test_engine.py",
        "test_requires_the_command_to_be_one",
    ),
}

DECIDER = {
    "a start is caused by the message that asks": (
        "test_engine.py",
        "test_a_start_is_caused_by_the_message_that_asks",
    ),
    "a stop is a wish and what it comes to": (
        "event_view/test_log_commands.py",
        "test_a_stopped_session_forgets_its_provider",
    ),
    "the same command on the same view tells the same": (
        "model/events/test_derive.py",
        "test_same_change_gives_the_same_bytes",
    ),
}

PROJECTOR = {
    "threads are created, changed and deleted": (
        "store/projections/test_threads.py",
        "test_meta_update_touches_only_what_was_said",
    ),
    "streamed pieces follow each other": (
        "store/projections/test_messages.py",
        "test_streamed_pieces_follow_each_other",
    ),
    "sessions keep what was not said": (
        "store/projections/test_sessions.py",
        "test_unsaid_fields_of_a_session_stay",
    ),
    "a revert hides what came after": (
        "store/projections/test_reverts.py",
        "test_revert_prunes_activities_checkpoints_and_turns",
    ),
    "unknown events only advance the state": (
        "store/projections/test_fold.py",
        "test_event_nobody_knows_only_advances_the_state",
    ),
}

CHECKPOINT_REACTOR = {
    "a captured checkpoint completes the turn's": (
        "apps/provider/test_ingestion.py",
        "test_checkpoint_stands_as_its_runtime_says",
    ),
    "the difference is stored with its checkpoint": (
        "test_engine.py",
        "test_a_checkpoint_leads_from_the_turn_before",
    ),
    "a capture told again adds nothing": (
        "apps/provider/test_redelivery.py",
        "test_what_is_delivered_again_adds_nothing",
    ),
    "a revert is passed on": (
        "apps/provider/test_reactor.py",
        "test_each_request_reaches_the_agent_as_what_it_is",
    ),
    "a revert that fails is told": (
        "apps/provider/test_reactor.py",
        "test_call_that_fails_is_told_and_the_next_one_goes_on",
    ),
    "a revert can be undone": (
        "event_view/test_log_commands.py",
        "test_a_revert_hides_and_its_undoing_shows",
    ),
}

PROVIDER_COMMAND_REACTOR = {
    "starts turns in order": (
        "apps/provider/test_reactor.py",
        "test_messages_are_handed_over_one_after_the_other",
    ),
    "forwards interrupts, answers and stops": (
        "apps/provider/test_reactor.py",
        "test_each_request_reaches_the_agent_as_what_it_is",
    ),
    "tells what could not be started": (
        "apps/provider/test_reactor.py",
        "test_turn_that_cannot_be_started_is_told_and_the_next_message_goes",
    ),
    "handles nothing twice after a restart": (
        "apps/provider/test_reactor.py",
        "test_what_was_passed_on_is_not_passed_on_again_after_a_restart",
    ),
}

PROVIDER_RUNTIME_INGESTION = {
    "sessions and turns": (
        "apps/provider/test_ingestion.py",
        "test_a_turn_as_an_agent_tells_it",
    ),
    "text, streamed and whole": (
        "apps/provider/test_ingestion.py",
        "test_whole_text_of_an_item_is_what_counts",
    ),
    "runtime errors": (
        "apps/provider/test_ingestion.py",
        "test_runtime_error_fails_the_turn_and_is_noted",
    ),
    "tools and approvals": (
        "apps/provider/test_ingestion.py",
        "test_leave_is_asked_answered_and_may_be_taken_back",
    ),
}

PROVIDER_SESSION_DIRECTORY = {
    "merges what is new and keeps the rest": (
        "event_view/test_session_directory.py",
        "test_what_is_not_given_stays_and_payloads_are_merged_field_by_field",
    ),
    "refuses blank ids": (
        "event_view/test_session_directory.py",
        "test_what_is_no_session_is_refused",
    ),
    "names an unknown session": (
        "event_view/test_session_directory.py",
        "test_unknown_session_is_named",
    ),
    "survives a restart": (
        "event_view/test_session_directory.py",
        "test_sessions_are_there_after_a_restart",
    ),
}

WORTH_HAVING = {
    "rolls back all events for a multi-event command when projection fails mid-dispatch": (
        "test_failures.py",
        "test_rolls_back_all_events_for_a_multi_event_command_when_projection_fails_mid_dispatch",
    ),
    "reconciles command state when append persists but projection fails": (
        "test_failures.py",
        "test_reconciles_command_state_when_projection_fails",
    ),
    "keeps the turn running across interim assistant messages": (
        "test_life_cycle.py",
        "test_keeps_the_turn_running_across_interim_assistant_messages",
    ),
    "settles a superseded running turn": (
        "test_life_cycle.py",
        "test_settles_a_superseded_running_turn",
    ),
    "keeps accumulated assistant text when completion payload text is empty": (
        "test_life_cycle.py",
        "test_keeps_accumulated_assistant_text_when_completion_text_is_empty",
    ),
    "resolves turn-count conflicts": (
        "test_life_cycle.py",
        "test_resolves_turn_count_conflicts",
    ),
    "clears stale pending approvals": (
        "store/projections/test_approvals.py",
        "test_clears_stale_pending_approvals",
    ),
    "ignores non-stale failures": (
        "store/projections/test_approvals.py",
        "test_ignores_failures_that_are_not_stale",
    ),
    "does not fallback-retain messages whose turnId is removed by revert": (
        "store/projections/test_reverts.py",
        "test_does_not_fallback_retain_messages_whose_turn_id_is_removed_by_revert",
    ),
    "restores pending turn-start metadata across restart": (
        "test_life_cycle.py",
        "test_restores_pending_turn_start_metadata_across_restart",
    ),
    "prunes reverted turn messages": (
        "store/projections/test_reverts.py",
        "test_prunes_reverted_turn_messages",
    ),
    "caps retention: here nothing is ever dropped unasked": (
        "store/projections/test_messages.py",
        "test_nothing_is_dropped_however_long_a_thread_grows",
    ),
}

CATALOGUE = {
    "orchestration": ORCHESTRATION,
    "invariants": INVARIANTS,
    "decider": DECIDER,
    "projector": PROJECTOR,
    "checkpoint reactor": CHECKPOINT_REACTOR,
    "provider command reactor": PROVIDER_COMMAND_REACTOR,
    "provider runtime ingestion": PROVIDER_RUNTIME_INGESTION,
    "provider session directory": PROVIDER_SESSION_DIRECTORY,
    "worth having": WORTH_HAVING,
}
