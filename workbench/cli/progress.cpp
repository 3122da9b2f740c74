#include "workbench/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "sweeps/turn.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

/// The metrics worth a place on a line of progress.
std::string metrics_of(const RunStatus& status) {
  std::string words;
  for (const char* tag : {"loss/train", "iou/val_eval", "iou/val_train_mode"})
    if (const auto found = status.metrics.find(tag); found != status.metrics.end())
      words += fmt::format("  {} {:.3f}", tag, found->second);
  return words;
}

std::string state_of(const RunInfo& run) {
  const RunStatus& status = run.status;
  if (status.state != RunState::running) return std::string(name_of(status.state));
  return status.step == 0 ? "starting" : "running";
}

std::string time_left(const RunStatus& status) {
  if (status.state != RunState::running || status.step <= 0 || status.training_seconds <= 0) return {};
  const double left = status.training_seconds / static_cast<double>(status.step) *
                      static_cast<double>(std::max<Step>(0, status.total_steps - status.step));
  return fmt::format("  {} left", short_time(left));
}

std::string line_of(const RunInfo& run, std::size_t width) {
  const RunStatus& status = run.status;
  std::string line = fmt::format("{:{}}  {:<11}", run.name, width, state_of(run));
  if (status.total_steps > 0) line += fmt::format(" {:>5}/{}", status.step, status.total_steps);
  line += metrics_of(status) + time_left(status);
  if (is_over(status) && status.training_seconds > 0) line += fmt::format("  {}", short_time(status.training_seconds));
  if (!status.error.empty()) line += "  " + status.error.substr(0, status.error.find('\n'));
  if (!status.waiting.empty()) line += "  " + status.waiting;
  return line;
}

/// Cut so that it stays on one row: a wrapped line could not be written over.
std::string cut(const std::string& line) {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return line;
  std::size_t columns = 0, bytes = 0;
  for (; bytes < line.size(); ++bytes) {
    const bool starts_letter = (line[bytes] & 0xC0) != 0x80;
    if (starts_letter && columns++ == size.ws_col - 1u) break;
  }
  return line.substr(0, bytes);
}

}  // namespace

bool is_over(const RunStatus& status) {
  return status.state != RunState::queued && status.state != RunState::running && !awaits_word_of_cluster(status);
}

Progress::Progress(std::filesystem::path root, std::vector<std::filesystem::path> runs)
    : root_(std::move(root)), folders_(std::move(runs)), told_(folders_.size()), terminal_(colourful(STDERR_FILENO)) {}

bool Progress::update() {
  std::vector<RunInfo> now;
  bool over = true;
  for (const auto& folder : folders_) {
    RunInfo& run = now.emplace_back(read_run(root_, folder));
    if (run.status.state != RunState::queued) {
      over &= is_over(run.status);
      continue;
    }
    const auto after = after_of(*run.run);
    const Turn turn = after ? turn_of(root_, *after) : Turn{};
    over &= turn.kind == Turn::Kind::held_up;
    if (turn.kind == Turn::Kind::held_up) run.status.waiting = turn.words;
  }
  infos_ = std::move(now);
  if (terminal_) {
    redraw();
  } else {
    for (std::size_t i = 0; i < infos_.size(); ++i) tell_news(infos_[i], i);
  }
  return over;
}

void Progress::until_over(const std::function<void()>& each_time) {
  while (!update()) {
    each_time();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void Progress::say(const std::string& line) {
  if (drawn_) fmt::print(stderr, "\033[{}A\033[J", infos_.size());
  fmt::print(stderr, "{}\n", line);
  if (std::exchange(drawn_, false)) redraw();
}

std::size_t Progress::name_width() const {
  std::size_t width = 0;
  for (const RunInfo& run : infos_) width = std::max(width, run.name.size());
  return width;
}

void Progress::redraw() {
  std::string screen;
  if (drawn_) screen += fmt::format("\033[{}A", infos_.size());
  for (const RunInfo& run : infos_) screen += fmt::format("\r\033[K{}\n", cut(line_of(run, name_width())));
  std::fputs(screen.c_str(), stderr);
  drawn_ = true;
}

void Progress::tell_news(const RunInfo& run, std::size_t index) {
  const RunStatus& status = run.status;
  const Step tenth = status.total_steps > 0 ? status.step * 10 / status.total_steps : 0;
  std::string news = fmt::format("{} {}", state_of(run), tenth), reason = status.waiting;
  // One line for a reason, whatever numbers it has and however many wait for it.
  std::erase_if(reason, [](char c) { return c >= '0' && c <= '9'; });
  const bool new_reason = !reason.empty() && told_reasons_.insert(reason).second;
  if (news == std::exchange(told_[index], news) && !new_reason) return;
  if (run.status.state != RunState::queued || new_reason) fmt::print(stderr, "{}\n", line_of(run, name_width()));
}

}  // namespace ablate
