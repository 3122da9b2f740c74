#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdio>
#include <set>

#include "experiments/data/compositing.h"
#include "experiments/data/dataset.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/preview.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/setup.h"
#include "runs/atomic_file.h"
#include "runs/error.h"
#include "runs/json_file.h"

namespace ablate {
namespace {

namespace fs = std::filesystem;

void write_picture(const fs::path& file, const Picture& picture) {
  const std::string png = encode_png(picture);
  const std::string_view pieces[] = {png};
  write_file_atomically(file, pieces);
}

}  // namespace

int predict(const std::string& run, const PredictOutput& output, const std::vector<fs::path>& pictures) {
  const LoadedRun loaded = load_run(run);
  const auto& [folder, checkpoint, config, task] = loaded;
  std::error_code problem;
  fs::create_directories(output.folder, problem);
  if (problem) throw Error(fmt::format("Cannot make {}: {}.", output.folder.string(), problem.message()));
  const nlohmann::json& size = config.at("data.size");
  const int height = size[0], width = size[1];

  Measuring measuring(task->networks(), Mode::eval);
  std::set<fs::path> written;
  std::size_t done = 0, failed = 0;
  for (const fs::path& file : pictures) {
    nlohmann::json line{
        {"image", file.string()}, {"checkpoint", checkpoint.string()}, {"done", ++done}, {"total", pictures.size()}};
    const auto write = [&](const char* what, const std::string& suffix, const Picture& picture) {
      const fs::path target = output.folder / (file.stem().string() + suffix + ".png");
      if (!written.insert(target).second)
        throw Error(
            fmt::format("{} was written for another picture of that name already: predict them into another folder.",
                        target.string()));
      std::error_code absent;
      for (const fs::path& given : pictures)
        if (fs::equivalent(given, target, absent))
          throw Error(fmt::format("The mask would take the place of {}: name another folder.", given.string()));
      write_picture(target, picture);
      line[what] = target.string();
    };
    try {
      const Picture original = read_picture(file, 3);
      Picture input = resized(original, height, width);
      if (config.boolean("data.grey")) make_grey(input);
      const Batch batch = collate({Sample{file.stem().string(), {{"image", std::move(input)}}}});
      measuring.begin_pass();
      bool first = true;
      const auto previews = task->previews(batch);
      for (const Preview& preview : previews.front()) {
        if (preview.constant) continue;
        const Picture whole = resized(picture_of(preview.image), original.height, original.width);
        write(first ? "mask" : preview.name.c_str(), first ? "" : "-" + preview.name, whole);
        if (first && output.cut_out) write("cut_out", "-cut-out", cut_out(original, whole));
        if (first && !output.background.empty())
          write("composed", "-composed", composed(original, whole, background_for(output.background, original)));
        first = false;
      }
    } catch (const Error& error) {
      line["error"] = error.what();
      ++failed;
    }
    fmt::print("{}\n", json_text(line));
    std::fflush(stdout);
  }
  return failed ? 1 : 0;
}

}  // namespace ablate
