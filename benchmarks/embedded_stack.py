"""The latency and memory of the embedded stack on an empty folder."""

from benchmarks import idle_memory
from benchmarks.effort import Effort
from benchmarks.machine import redis_version
from benchmarks.report import Result
from benchmarks.stack import running


def measure(effort: Effort) -> list[Result]:
    """Start the stack and measure its memory, its e-mails and its read models."""
    with running() as stack:
        effort.servers |= redis_version(stack.redis_url)
        effort.console.print("Idle memory …")
        results = idle_memory.measure(stack)
        # Only now: this process is the supervisor, which has none of them when nobody measures.
        from benchmarks import email_latency, read_model_latency
        from benchmarks.world import World

        with World(stack) as world:
            effort.console.print("POST to immediate e-mail …")
            mails = email_latency.Load(updates=20 * effort.seconds, runs=effort.runs)
            results += email_latency.measure(stack, world, mails)
            effort.console.print("POST to effect in the other service …")
            changes = read_model_latency.Load(changes=100 * effort.seconds, runs=effort.runs)
            results += read_model_latency.measure(stack, world, changes)
    return results
