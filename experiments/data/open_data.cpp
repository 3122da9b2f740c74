// Which data set a configuration names, and its cut into training and held-out samples.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "experiments/data/decoded_cache.h"
#include "experiments/data/split.h"
#include "experiments/data/synthetic_portraits.h"
#include "runs/error.h"

namespace ablate {
namespace {

/// Another data set's pictures without their colour.
class Greyed : public Dataset {
 public:
  explicit Greyed(std::shared_ptr<const Dataset> inner) : inner_(std::move(inner)) {}
  std::size_t size() const override { return inner_->size(); }
  const std::string& name(std::size_t index) const override { return inner_->name(index); }
  Sample load(std::size_t index) const override {
    Sample sample = inner_->load(index);
    make_grey(sample.planes.at("image"));
    return sample;
  }

 private:
  std::shared_ptr<const Dataset> inner_;
};

/// A folder's pictures in `source`, and what is wrong with them; nothing is said of the samples in `exclude`.
void open_folder(const RunConfig& config, const std::vector<std::string>& exclude,
                 const std::filesystem::path& cache_folder,
                 const std::function<void(std::size_t, std::size_t)>& progress, DataSource& source) {
  const int height = config.at("data.size")[0], width = config.at("data.size")[1];
  if (!config.is_set("data.path")) throw Error("data.path is not set: name the folder that holds images/ and masks/.");
  const std::filesystem::path folder = config.text("data.path");
  const FolderScan scan = scan_pairs(folder, exclude);
  const DecodedPictures decoded = open_decoded(scan, height, width, cache_folder, progress);
  source.report.problems = scan.problems;
  source.report.left_out = scan.left_out;
  for (const auto& [name, problem] : decoded.problems) {
    if (std::ranges::find(exclude, name) != exclude.end()) continue;
    source.report.problems.push_back(problem);
    ++source.report.left_out;
  }
  source.report.problems.insert(source.report.problems.end(), decoded.notes.begin(), decoded.notes.end());
  source.dataset = decoded.dataset;
  for (const PictureFiles& files : scan.files)
    if (!files.labels.empty()) source.labels[files.name] = files.labels;
  source.fingerprint = {{"dataset", "folder"}, {"path", folder.string()}, {"key", fmt::format("{:016x}", decoded.key)}};
}

/// What is never cut apart: a sample's "group", else the sample itself.
std::string group_of(const DataSource& source, const std::string& name) {
  if (const auto labels = source.labels.find(name); labels != source.labels.end())
    for (const auto& [key, value] : labels->second)
      if (key == "group") return "group " + value;
  return name;
}

void open_gallery(const RunConfig& config, const std::filesystem::path& cache_folder,
                  const std::function<void(std::size_t, std::size_t)>& progress, DataSource& source) {
  const int height = config.at("data.size")[0], width = config.at("data.size")[1];
  const FolderScan scan = scan_pictures(config.text("data.gallery"), "data.gallery: ");
  const DecodedPictures decoded = open_decoded(scan, height, width, cache_folder, progress);
  source.gallery = decoded.dataset;
  source.report.problems.insert(source.report.problems.end(), scan.problems.begin(), scan.problems.end());
  for (const auto& [name, problem] : decoded.problems) source.report.problems.push_back(problem);
}

}  // namespace

DataSource open_whole(const RunConfig& config, const std::filesystem::path& cache_folder,
                      const std::function<void(std::size_t, std::size_t)>& progress) {
  const int height = config.at("data.size")[0], width = config.at("data.size")[1];
  const auto exclude = config.at("data.exclude").get<std::vector<std::string>>();
  DataSource source;
  if (config.text("data.dataset") == "folder") {
    open_folder(config, exclude, cache_folder, progress, source);
  } else {
    source.dataset = make_synthetic_portraits(std::size_t(config.integer("data.count")), height, width);
    source.fingerprint = {{"dataset", "synthetic"}};
  }
  for (std::size_t i = 0; i < source.dataset->size(); ++i)
    if (std::ranges::find(exclude, source.dataset->name(i)) == exclude.end()) source.training.push_back(i);
  for (const std::string& name : exclude)
    if (std::ranges::none_of(std::views::iota(std::size_t(0), source.dataset->size()),
                             [&](std::size_t i) { return source.dataset->name(i) == name; }))
      source.report.problems.push_back(fmt::format("data.exclude: no usable sample is called {}.", name));
  source.report.used = source.training.size();
  source.fingerprint["count"] = source.training.size();
  if (config.is_set("data.gallery")) open_gallery(config, cache_folder, progress, source);
  if (config.boolean("data.grey")) {
    source.dataset = std::make_shared<Greyed>(source.dataset);
    if (source.gallery) source.gallery = std::make_shared<Greyed>(source.gallery);
  }
  return source;
}

DataSource open_data(const RunConfig& config, const std::filesystem::path& cache_folder,
                     const std::function<void(std::size_t, std::size_t)>& progress) {
  DataSource source = open_whole(config, cache_folder, progress);
  const std::vector<std::size_t> usable = std::move(source.training);
  const auto held_out = std::size_t(config.integer("data.held_out"));
  if (held_out >= usable.size())
    throw Error(fmt::format("data.held_out: {} of {} usable samples held out leave none to train on.", held_out,
                            usable.size()));
  std::vector<std::string> groups;
  for (const std::size_t i : usable) groups.push_back(group_of(source, source.dataset->name(i)));
  const Split split = split_by_group(groups, held_out, std::uint64_t(config.integer("data.split_seed")));
  source.training.clear();
  for (const std::size_t i : split.training) source.training.push_back(usable[i]);
  for (const std::size_t i : split.held_out) source.held_out.push_back(usable[i]);
  if (source.training.empty())
    throw Error(
        fmt::format("data.held_out: groups are never cut apart, and {} samples held out would be all there "
                    "are. Choose a smaller one, or list more groups.",
                    held_out));
  if (split.held_out.size() > held_out)
    source.report.problems.push_back(
        fmt::format("data.held_out: {} samples are held out rather than {}, since groups "
                    "stay together.",
                    split.held_out.size(), held_out));
  return source;
}

}  // namespace ablate
