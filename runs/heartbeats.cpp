#include "runs/heartbeats.h"

namespace ablate {

void Heartbeats::resolve(const std::string& id, RunStatus& status, Clock::time_point now) {
  if (status.state != RunState::running || status.host.empty() || status.host == host_name()) {
    beats_.erase(id);
    return;
  }
  Beat& beat = beats_.try_emplace(id, Beat{status.heartbeat, now}).first->second;
  if (beat.heartbeat != status.heartbeat) beat = {status.heartbeat, now};
  if (now - beat.since >= kSilence) status.state = RunState::interrupted;
}

}  // namespace ablate
