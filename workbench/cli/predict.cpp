// ablate predict RUN[@STEP] IMAGE… --out DIR: masks of pictures, by the worker.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "experiments/data/folder_dataset.h"
#include "experiments/data/picture_files.h"
#include "runs/json_file.h"
#include "sweeps/launcher.h"
#include "sweeps/process.h"
#include "workbench/cli/checkpoints.h"
#include "workbench/cli/command.h"
#include "workbench/cli/configuration.h"
#include "workbench/cli/output.h"

namespace ablate {
namespace {

struct PredictOptions {
  std::string run;
  std::vector<std::string> images;
  std::string out, background;
  bool cut_out = false, full_size = false;
  int tile = 0;
};

std::vector<std::string> videos_in(const std::filesystem::path& folder) {
  std::vector<std::string> videos;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && is_video(entry.path())) videos.push_back(entry.path().string());
  std::ranges::sort(videos);
  return videos;
}

bool holds_pictures(const std::filesystem::path& folder) {
  return std::ranges::any_of(std::filesystem::directory_iterator(folder),
                             [](const auto& entry) { return is_picture(entry.path()); });
}

int predict(const Invocation& invocation, const PredictOptions& options) {
  existing_paths(options.images, "Name picture files (JPEG, PNG, …), videos, or folders of them.");
  std::vector<std::string> words = {"predict", checkpoint_word(invocation, options.run), "--out", options.out};
  if (options.cut_out) words.emplace_back("--cut-out");
  if (options.full_size || options.tile > 0) words.emplace_back("--full-size");
  if (options.tile > 0) words.insert(words.end(), {"--tile", std::to_string(options.tile)});
  if (!options.background.empty()) words.insert(words.end(), {"--background", options.background});
  for (const std::string& image : options.images) {
    if (!std::filesystem::is_directory(image)) {
      words.push_back(image);
      continue;
    }
    const std::vector<std::string> videos = videos_in(image);
    if (videos.empty() || holds_pictures(image)) {
      const FolderScan scan = scan_pictures(image);
      tell_problems(scan.problems);
      for (const PictureFiles& file : scan.files) words.push_back(file.image.string());
    }
    words.insert(words.end(), videos.begin(), videos.end());
  }
  nlohmann::json document = nlohmann::json::array();
  std::set<std::string> told;
  // The worker prints a JSON object for each picture.
  const int status = read_lines(worker_program(), words, [&](const std::string& line) {
    nlohmann::json entry = parse_json(line, "what the worker said");
    if (entry.contains("video")) {
      if (::isatty(STDERR_FILENO))
        fmt::print(stderr, "\r{}: frame {} of {}, {:.1f} a second ", entry["video"].get<std::string>(),
                   entry["frame"].dump(), entry["frames"].dump(), entry["frames_per_second"].get<double>());
      return;
    }
    for (const nlohmann::json& note : entry.value("notes", nlohmann::json::array()))
      if (told.insert(note.get<std::string>()).second)
        fmt::print(stderr, "ablate: note: {}\n", note.get<std::string>());
    if (entry.contains("error")) fmt::print(stderr, "ablate: {}\n", entry["error"].get<std::string>());
    if (!invocation.json && entry.contains("mask")) fmt::print("{}\n", entry["mask"].get<std::string>());
    document.push_back(std::move(entry));
  });
  if (invocation.json) print_json(document);
  if (WIFSIGNALED(status))
    throw Error(
        fmt::format("The worker was ended by signal {} ({}).", WTERMSIG(status), sigdescr_np(WTERMSIG(status))));
  return WEXITSTATUS(status) == 0 ? 0 : 1;
}

}  // namespace

void add_predict(CLI::App& app, Invocation& invocation) {
  CLI::App& command = *app.add_subcommand("predict", "Masks of pictures, by a run's last checkpoint or RUN@STEP");
  const auto options = std::make_shared<PredictOptions>();
  command
      .add_option("RUN", options->run,
                  "An id, a name or a path; RUN@400 for the checkpoint of step 400, RUN@best; "
                  "RUN@ema or RUN@swa for averaged weights")
      ->required();
  command.add_option("IMAGE", options->images, "Picture files, videos, or folders of them")->required();
  command.add_option("--out", options->out, "Folder for the masks")->type_name("DIR")->required();
  command.add_flag("--cut-out", options->cut_out, "The pictures with their masks as opacity, too: NAME-cut-out.png");
  command.add_option("--background", options->background, "Put before this, too: a picture's file, blur, or #00ff00")
      ->check([](const std::string& word) { return word.empty() ? "it takes a picture's file, blur, or #00ff00" : ""; })
      ->type_name("WHAT");
  command.add_flag(
      "--full-size", options->full_size,
      "The network sees all of a picture's pixels, in tiles where memory is short (the size it trained at)");
  command.add_option("--tile", options->tile, "With --full-size: tiles of so many pixels a side, blended")
      ->check(CLI::Range(16, 65536))
      ->type_name("PIXELS");
  add_json_flag(command, invocation);
  command.callback(
      [&invocation, options] { invocation.action = [&invocation, options] { return predict(invocation, *options); }; });
}

}  // namespace ablate
