#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>

#include "experiments/data/compositing.h"
#include "experiments/data/dataset.h"
#include "experiments/data/picture_files.h"
#include "experiments/data/video.h"
#include "experiments/training/allocator.h"
#include "experiments/training/checkpoint.h"
#include "experiments/training/preview.h"
#include "experiments/training/worker/commands.h"
#include "experiments/training/worker/out_of_memory.h"
#include "experiments/training/worker/setup.h"
#include "experiments/training/worker/tiles.h"
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

/// A network that makes masks of pictures of any size.
class Predictor {
 public:
  Predictor(const std::string& run, const PredictOutput& output)
      : loaded_(load_run(run)),
        measuring_(loaded_.task->networks(), Mode::eval),
        mixed_(loaded_.autocast()),
        output_(output),
        sight_(sight_of(loaded_.config)) {
    if (output_.tile > 0 && output_.tile < sight_.smallest_side())
      throw Error(fmt::format("--tile {}: this network halves pictures {} times, so that a tile needs at least {}.",
                              output_.tile, loaded_.config.integer("model.depth"), sight_.smallest_side()));
  }

  const fs::path& checkpoint() const { return loaded_.checkpoint; }

  /// What the task predicts, by name, the mask first, at the picture's own size. `line` is told of tiles, and what
  /// to know about them.
  std::vector<std::pair<std::string, Picture>> operator()(const std::string& name, const Picture& original,
                                                          nlohmann::json& line) {
    const bool full_size = output_.full_size && sees(original, line);
    const Planes planes = full_size ? at_full_size(name, original, line) : at_trained_size(name, original);
    std::vector<std::pair<std::string, Picture>> outputs;
    for (std::size_t i = 0; i < planes.size(); ++i)
      outputs.emplace_back(names_[i], resized(picture_of(planes[i]), original.height, original.width));
    return outputs;
  }

 private:
  Planes pass(const std::string& name, Picture input) {
    if (loaded_.config.boolean("data.grey")) make_grey(input);
    const Batch batch = collate({Sample{name, {{"image", std::move(input)}}}}).to(loaded_.device);
    measuring_.begin_pass();
    Planes planes;
    names_.clear();
    const auto previews = loaded_.task->previews(batch);
    for (const Preview& preview : previews.front()) {
      if (preview.constant) continue;
      if (!preview.image.isfinite().all().item<bool>())
        throw Error(fmt::format("{}: the network of {} makes NaN of it. Had it diverged? Choose an earlier checkpoint.",
                                name, checkpoint().string()));
      planes.push_back(preview.image);
      names_.push_back(preview.name);
    }
    return planes;
  }

  Planes at_trained_size(const std::string& name, const Picture& original) {
    const nlohmann::json& size = loaded_.config.at("data.size");
    return pass(name, resized(original, size[0], size[1]));
  }

  /// Whether the network can be given all pixels of the picture, and what to know where they are not as it learnt them.
  bool sees(const Picture& original, nlohmann::json& line) const {
    const nlohmann::json& size = loaded_.config.at("data.size");
    const int height = size[0], width = size[1];
    if (const int least = sight_.smallest_side(); std::min(original.height, original.width) < least) {
      line["notes"].push_back(
          fmt::format("Pictures of less than {} pixels a side are too small for this network at full size, and are "
                      "brought to the {}x{} it trained at.",
                      least, height, width));
      return false;
    }
    const double larger = std::sqrt(double(original.height) * original.width / (double(height) * width));
    if (larger > 2 || larger < 0.5)
      line["notes"].push_back(
          fmt::format("The network learnt from pictures of {}x{} pixels. With --full-size it sees people {} as large "
                      "as those, which it has not learnt; without, pictures are brought to that size.",
                      height, width, larger > 2 ? "more than twice" : "less than half"));
    return true;
  }

  void note_seams(int side, nlohmann::json& line) const {
    const std::string norm = loaded_.config.text("model.norm");
    if (norm == "group" || norm == "layer" || (norm == "instance" && !loaded_.config.boolean("model.norm_track")))
      line["notes"].push_back(
          fmt::format("model.norm = {} takes its statistics from each tile, not from the whole picture: masks of "
                      "neighbouring tiles may not fit together.",
                      norm));
    else if (loaded_.config.text("model.up") == "bilinear")
      line["notes"].push_back(
          "model.up = bilinear (align_corners) depends on the size of what it is given: masks of tiles differ a little "
          "from that of the whole picture.");
    else if (side < sight_.seamless_side())
      line["notes"].push_back(
          fmt::format("Tiles of {} pixels hide from the network what it would see around them, up to {} pixels to each "
                      "side: seams may show. Tiles of {} or more leave none.",
                      side, sight_.reach, sight_.seamless_side()));
  }

  Planes at_full_size(const std::string& name, const Picture& original, nlohmann::json& line) {
    int side = output_.tile > 0 ? output_.tile
                                : side_that_fits(original.height, original.width, bytes_per_pixel(original))
                                      .value_or(std::max(original.height, original.width));
    while (true) {
      try {
        Planes planes = predict_in_tiles(original, side, sight_, [&](const Picture& part) { return pass(name, part); });
        const std::size_t tiles = tiles_of(original.height, original.width, side, sight_).size();
        if (tiles > 1) {
          line["tiles"] = {{"count", tiles}, {"side", side}};
          note_seams(side, line);
        }
        return planes;
      } catch (...) {
        const std::string problem = out_of_memory_message();
        if (side <= kSmallestTile)
          throw Error(fmt::format("Out of memory with tiles of {0} × {0} pixels: {1}", side, problem));
      }
      give_back_memory();
      side = std::max(kSmallestTile, side / 2);
    }
  }

  /// Of a pass, as it was measured at the size it trains at.
  double bytes_per_pixel(const Picture& picture) {
    if (bytes_per_pixel_ > 0) return bytes_per_pixel_;
    const nlohmann::json& size = loaded_.config.at("data.size");
    const PeakMemory memory;
    at_trained_size("", picture);
    return bytes_per_pixel_ = memory.bytes() / (size[0].get<double>() * size[1].get<double>());
  }

  LoadedRun loaded_;
  Measuring measuring_;
  Autocast mixed_;
  PredictOutput output_;
  Sight sight_;
  std::vector<std::string> names_;
  double bytes_per_pixel_ = 0;
};

/// The names that files get, each once, and none that would take the place of what is predicted.
class Targets {
 public:
  Targets(fs::path folder, const std::vector<fs::path>& given) : folder_(std::move(folder)), given_(given) {
    std::error_code problem;
    fs::create_directories(folder_, problem);
    if (problem) throw Error(fmt::format("Cannot make {}: {}.", folder_.string(), problem.message()));
  }

  fs::path next(const std::string& name) {
    fs::path target = folder_ / name;
    if (!taken_.insert(target).second)
      throw Error(
          fmt::format("{} was written for another picture of that name already: predict them into another folder.",
                      target.string()));
    std::error_code absent;
    for (const fs::path& given : given_)
      if (fs::equivalent(given, target, absent))
        throw Error(fmt::format("The mask would take the place of {}: name another folder.", given.string()));
    return target;
  }

 private:
  fs::path folder_;
  const std::vector<fs::path>& given_;
  std::set<fs::path> taken_;
};

void print_line(const nlohmann::json& line) {
  fmt::print("{}\n", json_text(line));
  std::fflush(stdout);
}

void predict_picture(Predictor& predictor, Targets& targets, const PredictOutput& output,
                     const std::optional<Background>& background, const fs::path& file, nlohmann::json& line) {
  const Picture original = read_picture(file, 3);
  const std::string stem = file.stem().string();
  const auto write = [&](const std::string& what, const std::string& suffix, const Picture& picture) {
    const fs::path target = targets.next(stem + suffix + ".png");
    write_picture(target, picture);
    line[what] = target.string();
  };
  const auto outputs = predictor(stem, original, line);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    write(i ? outputs[i].first : "mask", i ? "-" + outputs[i].first : "", outputs[i].second);
  const Picture& mask = outputs.front().second;
  if (output.cut_out) write("cut_out", "-cut-out", cut_out(original, mask));
  if (background) write("composed", "-composed", composed(original, mask, background->behind(original)));
}

/// Masks, and the person before another background, frame by frame as videos; says every second how far it is.
void predict_video(Predictor& predictor, Targets& targets, const PredictOutput& output,
                   const std::optional<Background>& background, const fs::path& file, nlohmann::json& line) {
  using Clock = std::chrono::steady_clock;
  if (output.cut_out)
    throw Error(fmt::format("{}: a video has no opacity: name a background instead of a cut-out.", file.string()));
  VideoReader reader(file);
  std::optional<VideoWriter> masks, compositions;
  const Clock::time_point began = Clock::now();
  Clock::time_point said = began;
  std::size_t frames = 0;
  const auto rate = [&] { return double(frames) / std::chrono::duration<double>(Clock::now() - began).count(); };
  while (const std::optional<Picture> frame = reader.next()) {
    if (!masks) {
      const auto open = [&](const char* what, const std::string& suffix, std::optional<VideoWriter>& writer) {
        const fs::path target = targets.next(file.stem().string() + suffix + ".mp4");
        writer.emplace(target, reader.frames_per_second(), frame->height, frame->width);
        line[what] = target.string();
      };
      open("mask", "", masks);
      if (background) open("composed", "-composed", compositions);
    }
    line.erase("notes");
    const Picture mask = predictor(file.stem().string(), *frame, line).front().second;
    masks->add(mask);
    if (compositions) compositions->add(composed(*frame, mask, background->behind(*frame)));
    ++frames;
    if (Clock::now() - said < std::chrono::seconds(1)) continue;
    said = Clock::now();
    print_line(
        {{"video", file.string()}, {"frame", frames}, {"frames", reader.frames()}, {"frames_per_second", rate()}});
  }
  if (frames == 0) throw Error(fmt::format("{}: not a single frame can be read.", file.string()));
  if (const double missing = double(reader.frames()) - double(frames);
      missing > reader.frames_per_second() && missing > 0.02 * double(reader.frames()))
    line["notes"].push_back(fmt::format("{}: only {} of its about {} frames can be read. Is it whole?", file.string(),
                                        frames, reader.frames()));
  line["frames"] = frames;
  line["frames_per_second"] = rate();
}

}  // namespace

int predict(const std::string& run, const PredictOutput& output, const std::vector<fs::path>& files) {
  std::optional<Background> background;
  if (!output.background.empty()) background.emplace(output.background);
  Predictor predictor(run, output);
  Targets targets(output.folder, files);
  std::size_t done = 0, failed = 0;
  for (const fs::path& file : files) {
    nlohmann::json line{{"image", file.string()},
                        {"checkpoint", predictor.checkpoint().string()},
                        {"done", ++done},
                        {"total", files.size()}};
    try {
      (is_video(file) ? predict_video : predict_picture)(predictor, targets, output, background, file, line);
    } catch (const Error& error) {
      line["error"] = error.what();
      ++failed;
    }
    print_line(line);
  }
  return failed ? 1 : 0;
}

}  // namespace ablate
