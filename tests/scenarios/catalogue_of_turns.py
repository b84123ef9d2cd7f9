"""Each case of a turn's life, and the test that holds it; a file without a folder stands in this one."""

from __future__ import annotations

LIFE_CYCLE = {
    "submit: the question is saved, the answer stands after it": (
        "test_life_cycle.py",
        "test_an_answer_stands_after_its_question",
    ),
    "submit: the session is resumed from the thread's config": (
        "agents/test_steps.py",
        "test_a_session_is_bound_to_the_thread_and_nothing_else_is",
    ),
    "queue: in order, one turn a thread": (
        "agents/test_queue.py",
        "test_messages_sent_while_a_turn_runs_wait_in_order",
    ),
    "queue: one place a question": (
        "test_life_cycle.py",
        "test_a_question_is_queued_once",
    ),
    "queue: shown as queued while a turn runs": (
        "test_life_cycle.py",
        "test_a_question_asked_while_a_turn_runs_waits_and_the_turn_runs_on",
    ),
    "queue: named by the state while nothing runs": (
        "agents/test_queue.py",
        "test_a_message_queued_while_nothing_runs_is_what_the_state_names",
    ),
    "queue: withdrawn": (
        "agents/test_queue.py",
        "test_a_withdrawn_message_stays_and_waits_no_longer",
    ),
    "queue: send now": (
        "agents/test_queue.py",
        "test_a_message_sent_now_goes_before_all_others",
    ),
    "start: addressed by thread and message": (
        "agents/test_states.py",
        "test_a_step_names_a_thread_and_a_message_that_belong_together",
    ),
    "start: the question waits no longer": (
        "agents/test_queue.py",
        "test_a_message_that_starts_waits_no_longer",
    ),
    "start: a lease is taken": (
        "agents/test_recovery.py",
        "test_live_turn_of_another_process_is_left_alone",
    ),
    "start: several threads at once": (
        "agents/test_states.py",
        "test_two_threads_run_their_turns_at_once",
    ),
    "stream: seen by readers and peers": (
        "agents/test_steps.py",
        "test_readers_and_peers_see_the_text_so_far",
    ),
    "stream: few pieces, few events": (
        "event_view/test_a_reply.py",
        "test_a_reply_of_3000_chunks_makes_at_most_20_events",
    ),
    "stream: an automation binds no session": (
        "agents/test_steps.py",
        "test_an_automation_never_binds_its_session",
    ),
    "finalize: text, usage, state": (
        "agents/test_steps.py",
        "test_a_finished_turn_is_one_revision_and_no_pieces",
    ),
    "finalize: read again": (
        "agents/test_turn.py",
        "test_what_is_finalized_is_read_again",
    ),
    "finalize: late text": (
        "agents/test_steps.py",
        "test_text_that_comes_after_the_end_is_kept",
    ),
    "finalize: an error shows text and error": (
        "test_life_cycle.py",
        "test_an_error_is_shown_behind_what_was_streamed_and_in_the_session",
    ),
    "finalize: a real answer after an error": (
        "test_life_cycle.py",
        "test_a_real_answer_that_comes_after_the_end_is_kept",
    ),
    "interrupt: text and notice": (
        "test_life_cycle.py",
        "test_an_interrupt_keeps_text_and_notice_apart",
    ),
    "interrupt: too late": (
        "test_life_cycle.py",
        "test_an_interrupt_that_comes_too_late_changes_nothing",
    ),
    "interrupt: queued or missing": (
        "test_life_cycle.py",
        "test_an_interrupt_of_what_waits_or_is_missing_says_so",
    ),
    "interrupt: then send at once, then continue": (
        "agents/test_queue.py",
        "test_interrupt_then_send_at_once_then_continue_loses_nothing",
    ),
    "recover: after a restart": (
        "agents/test_recovery.py",
        "test_killed_turn_is_recovered_at_the_next_opening",
    ),
    "recover: each reason": (
        "agents/test_steps.py",
        "test_a_recovered_turn_keeps_what_was_flushed",
    ),
    "recover: a newer turn keeps its state": (
        "agents/test_replicas_end.py",
        "test_turns_that_replicas_began_at_once_in_one_thread_each_end_on_their_own",
    ),
    "recover: what waits goes on waiting": (
        "test_life_cycle.py",
        "test_recovering_an_old_turn_leaves_what_waits_waiting",
    ),
    "recover: config is never written": (
        "agents/test_law_7.py",
        "test_no_turn_command_touches_the_config_but_the_session",
    ),
    "the whole of it, as it is told": (
        "test_life_cycle.py",
        "test_a_turn_is_told_from_question_to_end",
    ),
}
