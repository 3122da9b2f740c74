#include "sweeps/machine.h"

#include <gtest/gtest.h>

#include "sweeps/launcher.h"

namespace ablate {
namespace {

constexpr std::uint64_t kGiB = 1ull << 30;
const std::vector<Gpu> kTwo{{"GPU-a", 80 * kGiB, 60 * kGiB}, {"GPU-b", 80 * kGiB, 70 * kGiB}};

std::string gpu_of(const std::optional<Place>& place) { return place ? place->gpu : "nowhere"; }

TEST(FreePlace, WithoutGpusTheProcessorIsSharedOut) {
  const auto place = free_place({}, {{"", 1}}, 2, false);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->gpu, "");
  EXPECT_EQ(place->threads, slots_for(2).threads_each);
  EXPECT_FALSE(free_place({}, {{"", 2}}, 2, false));
  EXPECT_FALSE(free_place({}, {{"", default_slots().workers}}, 0, false));
}

TEST(FreePlace, TheGpuWithTheMostFreeMemoryComesFirst) {
  EXPECT_EQ(gpu_of(free_place(kTwo, {}, 0, false)), "GPU-b");
  EXPECT_EQ(gpu_of(free_place(kTwo, {{"GPU-b", 1}}, 0, false)), "GPU-a");
  EXPECT_EQ(gpu_of(free_place(kTwo, {{"GPU-a", 1}, {"GPU-b", 1}}, 0, false)), "nowhere");
}

TEST(FreePlace, SeveralSlotsAreSpreadOverGpusBeforeTheyAreShared) {
  EXPECT_EQ(gpu_of(free_place(kTwo, {{"GPU-b", 1}}, 2, false)), "GPU-a");
  EXPECT_EQ(gpu_of(free_place(kTwo, {{"GPU-a", 1}, {"GPU-b", 1}}, 2, false)), "GPU-b");
}

TEST(FreePlace, AGpuThatOthersFillIsLeftAlone) {
  const std::vector<Gpu> busy{{"GPU-a", 80 * kGiB, 30 * kGiB}};
  EXPECT_EQ(gpu_of(free_place(busy, {}, 1, false)), "nowhere");
  EXPECT_EQ(gpu_of(free_place(busy, {}, 2, false)), "GPU-a");
}

TEST(FreePlace, WhatTrainsOnTheProcessorTakesNoGpu) {
  EXPECT_EQ(gpu_of(free_place(kTwo, {}, 0, true)), "");
  EXPECT_EQ(gpu_of(free_place(kTwo, {{"", 1}}, 0, true)), "nowhere");
}

TEST(FreePlace, NoCoreIsGivenTwice) {
  EXPECT_EQ(free_place(kTwo, {}, 4, false)->threads, slots_for(12).threads_each);
  EXPECT_EQ(free_place(kTwo, {}, 4, true)->threads, slots_for(12).threads_each);
}

}  // namespace
}  // namespace ablate
