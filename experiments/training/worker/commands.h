#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ablate {

/// What `ablate-train` can do. Each throws Error; the program turns that into a message and exit code 1.

/// Trains the run in `folder` until it is done, asked to stop, or failed; returns the exit code. Whatever happens is in
/// status.json, except where another process holds the folder or nothing can be written to it. `interrupted` is asked
/// at every step.
int train_run(const std::filesystem::path& folder, const std::function<bool()>& interrupted);

/// JSON (a run.json, or a configuration) to JSON: {"valid", "error", "parameters", "layers": [{"name", "kind",
/// "parameters"}], "networks": {name: parameters}}. Never throws for what is in `text`.
std::string describe(const std::string& text);

/// JSON of accepted_choices().
std::string accepted();

/// What predict writes beside the masks.
struct PredictOutput {
  std::filesystem::path folder;
  bool cut_out = false;    ///< `<stem>-cut-out.png`: the picture with the mask as its opacity
  bool full_size = false;  ///< the network is given all of a picture's pixels, not the size it trained at
  int tile = 0;            ///< side of the tiles then, in pixels; 0: one where memory allows
  std::string background;  ///< `<stem>-composed.png`: the person before this, a word as Background takes; empty: not
};

/// Predicts every picture with the network of `run` ("DIR", "DIR@STEP", "DIR@best"; the newest checkpoint by default)
/// and writes `<folder>/<stem>.png` at the picture's own size; a task's further outputs as `<stem>-<output>.png`. Of a
/// video, `<stem>.mp4` (and `<stem>-composed.mp4`). A JSON line a file goes to standard output, and one a second while
/// a video lasts; "notes" in it are sentences for a person. Returns the exit code: 1 when a file could not be read.
int predict(const std::string& run, const PredictOutput& output, const std::vector<std::filesystem::path>& files);

/// Measures the network of `run` (as above) in eval mode on a set: "held-out", "training" (the run's own), or a folder
/// with images/ and masks/, or a manifest; at the size it trains at. Writes `<run>/evaluations/<set>@<step>.jsonl`, a
/// line a sample, and the summary beside it
/// (.json); prints progress as JSON lines, and the summary as the last.
int evaluate(const std::string& run, const std::string& data);

/// What the network of `run` costs at {1, 3, height, width} (0: the size it trains at) on `device` ("cpu", "cuda"), in
/// its train.precision, as one JSON object: "parameters" (of all networks, each tensor once), "macs" of one forward
/// pass (convolutions, transposed and 1×1 ones too, and matrix products), "latency_ms" {"mean", "p95", "passes"} of
/// whole passes in milliseconds, "peak_memory_mb" in MiB: on the CPU what the tensors of a pass and the weights hold at
/// once, on a GPU the most that was allocated.
int cost(const std::string& run, int height, int width, const std::string& device);

/// What is wrong with the network of `run` (as above), found by tests on copies of it: prints each as it begins as a
/// JSON line, and what came of them as the last: {"checkpoint", "findings", "tests", "untested", "notes", "seconds"}.
/// Writes the findings of a run's newest checkpoint into the run. `moved`: where the folder that it trained on is now;
/// empty: where it was.
int doctor(const std::string& run, const std::string& moved);

/// The mean of the weights of several checkpoints of one network, its norm statistics estimated anew on the training
/// data of the first; written as safetensors. Prints a JSON object with what it scores on the held-out samples.
int average(const std::vector<std::string>& runs, const std::filesystem::path& out);

}  // namespace ablate
